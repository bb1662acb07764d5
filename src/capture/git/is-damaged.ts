import { lstatSync, readdirSync } from 'node:fs';
import { objectsInPack } from './pack-index.ts';
import { preloadDirectory } from './preloaded-directory.ts';
import { refTargets } from './ref-targets.ts';

/** What names objects. */
const NAMING = ['HEAD', 'refs', 'packed-refs'];

/**
 * Whether a repository still has a ref that names an object, and still lacks the object: then the snapshot has it as
 * it is, and nothing is missing.
 *
 * @param absolute path of the directory in which git keeps it, ending with `/`
 * @param digits name of the object, in hexadecimal
 */
export function isDamaged(absolute: string, digits: string): boolean {
  try {
    return (
      isNamed(absolute, digits) &&
      !isLoose(absolute, digits) &&
      !isPacked(absolute, digits) &&
      !isLoose(absolute, digits)
    );
  } catch {
    return false;
  }
}

function isNamed(absolute: string, digits: string): boolean {
  const preloaded = preloadDirectory(absolute, '', {
    first: NAMING,
    largest: Number.POSITIVE_INFINITY,
    left: Number.POSITIVE_INFINITY,
    tooLarge: () => null,
    deleted: () => {},
    staysLive: (path) => !NAMING.includes(path.split('/', 1)[0] ?? ''),
    isExcluded: () => false,
  });
  return refTargets(preloaded).has(digits);
}

function isLoose(absolute: string, digits: string): boolean {
  const object = `${absolute}objects/${digits.slice(0, 2)}/${digits.slice(2)}`;
  return lstatSync(object, { throwIfNoEntry: false }) !== undefined;
}

function isPacked(absolute: string, digits: string): boolean {
  const packs = `${absolute}objects/pack/`;
  const indexes = readdirSync(packs).filter((name) => name.endsWith('.idx'));
  return indexes.some((name) => objectsInPack(packs + name, [digits]).length > 0);
}
