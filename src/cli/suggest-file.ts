import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { BackupError } from '../errors.ts';
import { isRemote } from '../location.ts';
import { nearMiss } from './near-miss.ts';

/** What was probably meant by the path of a snapshot or a folder that is not there; null for other errors, and where nothing is near. */
export function suggestFile({ code, path: missing }: BackupError): string | null {
  if (code !== 'SNAPSHOT_MISSING' || missing === undefined || isRemote(missing)) return null;
  const folder = path.dirname(missing);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return null;
  }
  const name = path.basename(missing);
  if (names.includes(name)) return null;
  // Compared without the extension, which makes short names alike.
  const extension = /\.(?:tar\.gz|tgz)$/.exec(name)?.[0] ?? '';
  const stems = names
    .filter((each) => each.endsWith(extension))
    .map((each) => each.slice(0, -extension.length || undefined));
  const near = nearMiss(name.slice(0, -extension.length || undefined), stems);
  return near === null ? null : `Did you mean "${missing.slice(0, missing.lastIndexOf(name))}${near}${extension}"?`;
}
