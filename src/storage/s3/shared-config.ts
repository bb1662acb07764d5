import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fromSystemError } from '../../system-errors.ts';

/** What the shared files of AWS say of one profile, both files together; keys in lower case. */
export type SharedProfile = ReadonlyMap<string, string>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the profile that the environment names from `~/.aws/credentials` and `~/.aws/config`, where the first wins.
 * A file that is missing is empty.
 *
 * @throws BackupError `PERMISSION`, `IO`
 */
export function readSharedProfile(env: Environment): SharedProfile {
  const name = env.AWS_PROFILE || 'default';
  const home = env.HOME || os.homedir();
  const config = env.AWS_CONFIG_FILE || path.join(home, '.aws', 'config');
  const credentials = env.AWS_SHARED_CREDENTIALS_FILE || path.join(home, '.aws', 'credentials');
  const inConfig = name === 'default' ? 'default' : `profile ${name}`;
  return new Map([...readSection(config, inConfig), ...readSection(credentials, name)]);
}

/** The keys of one section of an INI file as AWS writes them; nested settings (indented lines) become `outer.inner`. */
function readSection(file: string, wanted: string): Map<string, string> {
  const values = new Map<string, string>();
  let inside = false;
  let outer = '';
  for (const line of readText(file).split(/\r?\n/)) {
    const section = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line);
    if (section !== null) {
      inside = section[1]?.replace(/\s+/g, ' ').replaceAll(/["']/g, '') === wanted;
      outer = '';
      continue;
    }
    const pair = /^(\s*)([^#;=\s][^=]*?)\s*=\s*(.*?)(?:\s[#;].*)?\s*$/.exec(line);
    if (!inside || pair === null) continue;
    const [, indent = '', key = '', value = ''] = pair;
    if (indent === '') outer = key.toLowerCase();
    values.set(indent === '' ? outer : `${outer}.${key.toLowerCase()}`, value);
  }
  return values;
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw fromSystemError(error, 'read the settings of AWS', file);
  }
}
