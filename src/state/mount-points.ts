import { readFileSync } from 'node:fs';

function unescapeOctal(path: string): string {
  return Buffer.from(
    path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    'latin1',
  ).toString('utf8');
}

/** Every mount point that this process sees, bind mounts too (those a device number does not show). Empty where /proc does not tell. */
function mountPoints(): string[] {
  let table: string;
  try {
    table = readFileSync('/proc/self/mountinfo', 'latin1');
  } catch {
    return [];
  }
  // Field 5 is the mount point; blanks, backslashes and newlines in it are octal escapes (proc(5)).
  return table.split('\n').flatMap((line) => {
    const path = line.split(' ')[4];
    return path === undefined ? [] : [unescapeOctal(path)];
  });
}

/** Whether something is mounted at `directory` (a real path). */
export function isMountPoint(directory: string): boolean {
  return mountPoints().includes(directory);
}

/** The mount points strictly below `directory` (a real path). */
export function mountPointsBelow(directory: string): string[] {
  return mountPoints().filter((path) => path.startsWith(directory.endsWith('/') ? directory : `${directory}/`));
}
