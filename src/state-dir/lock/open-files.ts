import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { askSystem } from '../../system/ask-system.ts';
import { attempt } from '../../system/attempt.ts';
import { HERE, type Platform } from '../../system/platform.ts';
import { allPids, hasProc } from '../../system/processes.ts';

/** What a process has to do with a path: it works there, has it open for reading, or can write to it. */
export interface OpenFile {
  pid: number;
  path: string;
  access: 'working-directory' | 'read' | 'write';
}

/**
 * The files at and below a directory that processes have open, map into their memory to write, or work in: by /proc on Linux, by lsof(8)
 * elsewhere. What this process may not look into is passed over.
 *
 * @param directory a real path
 * @returns null where the system does not show at all
 */
export function openFilesBelow(directory: string, platform: Platform = HERE): OpenFile[] | null {
  if (hasProc(platform)) return fromProc(directory);
  // Not programs and libraries: that is most of what it would list, and takes most of its time.
  const answer = askSystem('lsof', ['-w', '-n', '-P', '-d', 'cwd,0-999999', '-F', 'pfan']);
  if (answer === null) return null;
  const found = parseLsof(answer.stdout, directory);
  // Its status is 1 also where it could not look into some of them. Null: it took too long, and what it had found so far counts.
  const isWhole = answer.status !== null && answer.stdout !== '';
  return isWhole || found.length > 0 ? found : null;
}

function isWithin(path: string | null, directory: string): path is string {
  if (path === null || !path.startsWith(directory)) return false;
  return path.length === directory.length || directory.endsWith('/') || path[directory.length] === '/';
}

function fromProc(directory: string): OpenFile[] {
  const found: OpenFile[] = [];
  for (const pid of allPids()) {
    for (const descriptor of attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const path = attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      if (isWithin(path, directory)) found.push({ pid, path, access: accessOf(pid, descriptor) });
    }
    for (const path of mappedForWriting(pid, directory)) found.push({ pid, path, access: 'write' });
    const path = attempt(() => readlinkSync(`/proc/${pid}/cwd`));
    if (isWithin(path, directory)) found.push({ pid, path, access: 'working-directory' });
  }
  return found;
}

function accessOf(pid: number, descriptor: string): 'read' | 'write' {
  const info = attempt(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1'));
  const flags = /^flags:\s*([0-7]+)$/m.exec(info ?? '')?.[1];
  // Whose flags are not shown may write. The lowest two bits: O_RDONLY is 0.
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) === 0 ? 'read' : 'write';
}

/** Shared mappings outlive the descriptor that they were made with. */
function mappedForWriting(pid: number, directory: string): string[] {
  const maps = attempt(() => readFileSync(`/proc/${pid}/maps`, 'utf8'));
  if (!maps?.includes(directory)) return [];
  return maps.split('\n').flatMap((line) => {
    const [, path] = /^\S+ .w.s \S+ \S+ \d+ +(\/.*)$/.exec(line) ?? [];
    return path !== undefined && isWithin(path, directory) ? [path] : [];
  });
}

/** Output of `lsof -F pfan`: one field a line, named by its first letter; `p` begins a process, `f` a file of it. */
export function parseLsof(output: string, directory: string): OpenFile[] {
  const found: OpenFile[] = [];
  let pid = 0;
  let descriptor = '';
  let mode = '';
  for (const line of output.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) pid = Number(value);
    else if (line.startsWith('f')) [descriptor, mode] = [value, ''];
    else if (line.startsWith('a')) mode = value;
    else if (line.startsWith('n')) {
      const path = unescapeName(value);
      const access = descriptor === 'cwd' ? 'working-directory' : mode === 'w' || mode === 'u' ? 'write' : 'read';
      // Others than numbers are programs and libraries: read into memory.
      if (/^(?:cwd|\d+)$/.test(descriptor) && isWithin(path, directory)) found.push({ pid, path, access });
    }
  }
  return found;
}

/** lsof writes bytes that are not printable in its locale as `\xNN`, and a backslash as two. */
function unescapeName(name: string): string {
  if (!name.includes('\\')) return name;
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\(?:x([0-9a-f]{2})|(\\))/g, (_, hex: string | undefined) =>
    hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, 'latin1').toString('utf8');
}
