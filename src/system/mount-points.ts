import { readFileSync } from 'node:fs';
import { askSystem } from './ask-system.ts';
import { HERE, type Platform } from './platform.ts';

function unescapeOctal(path: string): string {
  return Buffer.from(
    path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    'latin1',
  ).toString('utf8');
}

/** What mount(8) says of a file system that is mounted. */
interface Mount {
  point: string;
  /** Its name: `apfs`. */
  type: string;
  /** Whether it lies on this machine. */
  isLocal: boolean;
}

function mountsByCommand(): Mount[] {
  // `/dev/disk3s1 on /Volumes/USB stick (apfs, local, nodev)`
  const lines = askSystem('mount', [])?.stdout.split('\n') ?? [];
  return lines.flatMap((line) => {
    const [, point, inside] = / on (\/.*) \(([^()]*)\)$/.exec(line) ?? [];
    if (point === undefined || inside === undefined) return [];
    const [type = '', ...flags] = inside.split(', ');
    return [{ point, type, isLocal: flags.includes('local') }];
  });
}

/**
 * The file system that holds a path, where mount(8) tells it.
 *
 * @param path a real path
 */
export function mountOf(path: string, { tellsBy }: Platform = HERE): Mount | null {
  if (tellsBy !== 'commands') return null;
  const holding = mountsByCommand().filter(
    ({ point }) => path === point || path.startsWith(point.replace(/\/*$/, '/')),
  );
  return holding.reduce<Mount | null>(
    (best, each) => (best === null || each.point.length >= best.point.length ? each : best),
    null,
  );
}

/** Every mount point that this process sees, bind mounts too (those a device number does not show). Empty where the system does not tell. */
function mountPoints({ tellsBy }: Platform): string[] {
  if (tellsBy === 'commands') return mountsByCommand().map(({ point }) => point);
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

/** Whether something is mounted at `directory` (a real path). Where the system does not tell: compare devices. */
export function isMountPoint(directory: string, platform: Platform = HERE): boolean {
  return mountPoints(platform).includes(directory);
}

/** The mount points strictly below `directory` (a real path). Where the system does not tell: compare devices on the way down. */
export function mountPointsBelow(directory: string, platform: Platform = HERE): string[] {
  return mountPoints(platform).filter((path) => path.startsWith(directory.endsWith('/') ? directory : `${directory}/`));
}
