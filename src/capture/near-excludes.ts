import { foldName } from '../format/fold-name.ts';
import { compileUserExcludes, type UserExcludes } from '../patterns/excludes.ts';
import { namesIn } from '../system/attempt.ts';
import { isFoundAtBoth } from '../system/file-key.ts';
import type { CaptureReport } from './capture-report.ts';

/** Characters that make a pattern more than a path. */
const NO_PATH = /[*?[\\\r\n]|^[!#]|\s$/;

/**
 * Gives notice of what a pattern names in another case than it is stored in, and so does not exclude, where the file system takes both for one:
 * `Cache` for `cache`. Nothing that is excluded is looked at.
 *
 * @param root absolute path of the state directory
 */
export function noteOtherCase(root: string, patterns: readonly string[], report: CaptureReport): void {
  const excludes = compileUserExcludes(patterns);
  const listed = new Map<string, string[]>();
  for (const pattern of patterns) {
    if (NO_PATH.test(pattern)) continue;
    const named = pattern.split('/').filter((part) => part !== '');
    const stored = storedParts(root, named, excludes, listed)?.join('/');
    if (stored === undefined || stored.normalize() === named.join('/').normalize()) continue;
    if (excludes(stored, false) !== null || excludes(stored, true) !== null) continue;
    if (!isFoundAtBoth(`${root}/${named.join('/')}`, `${root}/${stored}`)) continue;
    report.notice(stored, `is not excluded by "${pattern}": patterns are case-sensitive, on every file system`);
  }
}

/** A path as directories have it, in whatever case; null where none has it, or what is excluded would have to be listed. */
function storedParts(
  root: string,
  named: readonly string[],
  excludes: UserExcludes,
  listed: Map<string, string[]>,
): string[] | null {
  const stored: string[] = [];
  for (const part of named) {
    const parent = stored.join('/');
    if (parent !== '' && excludes(parent, true) !== null) return null;
    const names = listed.get(parent) ?? namesIn(`${root}/${parent}`);
    listed.set(parent, names);
    const wanted = foldName(part);
    const name =
      names.find((each) => each.normalize() === part.normalize()) ?? names.find((each) => foldName(each) === wanted);
    if (name === undefined) return null;
    stored.push(name);
  }
  return stored.length === 0 ? null : stored;
}
