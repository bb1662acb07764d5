/** Options of strace that do something to a call: `rename:error=EIO:when=2`. What it traces is not shown, nor are signals. */
export function injecting(injection: string): string[] {
  const syscall = injection.slice(0, injection.indexOf(':'));
  return ['-qq', '-o', '/dev/null', '-e', `trace=${syscall}`, '-e', 'signal=none', '-e', `inject=${injection}`];
}
