import { readFile, rm } from 'node:fs/promises';
import { type Command, measure } from './measure.ts';

/**
 * How many bytes of one file a command reads, counted from its system calls: `/proc/<pid>/io` would count Node's own
 * modules too.
 *
 * @param log - where `strace` may write meanwhile.
 */
export async function countBytesRead(command: Command, file: string, log: string): Promise<number> {
  const calls = 'trace=read,pread64,readv,preadv,preadv2';
  await measure({
    ...command,
    argv: ['strace', '-f', '-y', '-s', '0', '-e', calls, '-o', log, ...command.argv],
    // Reads through a ring would be invisible to strace.
    env: { ...command.env, UV_USE_IO_URING: '0' },
  });
  const text = await readFile(log, 'utf8');
  await rm(log);
  const unfinished = new Set<string>();
  let bytes = 0;
  for (const line of text.split('\n')) {
    const thread = line.slice(0, line.indexOf(' '));
    const isResumed = line.includes(' resumed>');
    const isOfFile = isResumed ? unfinished.delete(thread) : line.includes(`<${file}>`);
    if (!isOfFile) continue;
    if (line.includes('<unfinished ...>')) unfinished.add(thread);
    else bytes += Math.max(0, Number(/ = (-?\d+)/.exec(line)?.[1] ?? 0));
  }
  return bytes;
}
