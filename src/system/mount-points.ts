import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { askSystem } from './ask-system.ts';
import { attempt } from './attempt.ts';
import { type BytePath, bytePath, joinBytes } from './byte-path.ts';
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

/** Null where it is not there, or says nothing. */
function mountsByCommand(): Mount[] | null {
  // `/dev/disk3s1 on /Volumes/USB stick (apfs, local, nodev)`
  const said = askSystem('mount', [])?.stdout ?? '';
  if (said === '') return null;
  return said.split('\n').flatMap((line) => {
    const [, point, inside] = / on (\/.*) \(([^()]*)\)$/.exec(line) ?? [];
    if (point === undefined || inside === undefined) return [];
    const [type = '', ...flags] = inside.split(', ');
    return [{ point, type, isLocal: flags.includes('local') }];
  });
}

/**
 * The file system that holds a path, where mount(8) shows it.
 *
 * @param path a real path
 */
export function mountOf(path: string, { processesFrom }: Platform = HERE): Mount | null {
  if (processesFrom !== 'commands') return null;
  const holding = (mountsByCommand() ?? []).filter(
    ({ point }) => path === point || path.startsWith(point.replace(/\/*$/, '/')),
  );
  return holding.reduce<Mount | null>(
    (best, each) => (best === null || each.point.length >= best.point.length ? each : best),
    null,
  );
}

/** Every mount point that this process sees, bind mounts too (those a device number does not show). Null where the system does not show. */
function mountPoints({ processesFrom }: Platform): string[] | null {
  if (processesFrom === 'commands') return mountsByCommand()?.map(({ point }) => point) ?? null;
  let table: string;
  try {
    table = readFileSync('/proc/self/mountinfo', 'latin1');
  } catch {
    return null;
  }
  // Field 5 is the mount point; blanks, backslashes and newlines in it are octal escapes (proc(5)).
  return table.split('\n').flatMap((line) => {
    const path = line.split(' ')[4];
    return path === undefined ? [] : [unescapeOctal(path)];
  });
}

/** Whether something is mounted at `directory` (a real path). Where the system does not show: compare devices. */
export function isMountPoint(directory: string, platform: Platform = HERE): boolean {
  return mountPoints(platform)?.includes(directory) ?? false;
}

/** The mount points strictly below `directory` (a real path), as the system lists them. None where it does not show: compare devices on the way down. */
export function listedMountsBelow(directory: string, platform: Platform = HERE): string[] {
  return below(directory, mountPoints(platform) ?? []);
}

/**
 * The mount points strictly below `directory` (a real path). Where the system does not list them, every directory is looked at, and those
 * are found that lie on another device than the one above them: all but what is mounted there by a bind from the same device.
 */
export function mountPointsBelow(directory: string, platform: Platform = HERE): string[] {
  const listed = mountPoints(platform);
  return listed === null ? volumesBelow(bytePath(directory)) : below(directory, listed);
}

function below(directory: string, paths: readonly string[]): string[] {
  return paths.filter((path) => path.startsWith(directory.endsWith('/') ? directory : `${directory}/`));
}

/** What cannot be looked at is passed over. */
function volumesBelow(top: BytePath): string[] {
  const found: string[] = [];
  const look = (directory: BytePath, device: number) => {
    for (const entry of attempt(() => readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) ?? []) {
      if (!entry.isDirectory()) continue;
      const path = joinBytes(directory, entry.name);
      const dev = attempt(() => lstatSync(path))?.dev;
      if (dev === undefined) continue;
      if (dev !== device) found.push(path.toString());
      look(path, dev);
    }
  };
  const dev = attempt(() => lstatSync(top))?.dev;
  if (dev !== undefined) look(top, dev);
  return found;
}
