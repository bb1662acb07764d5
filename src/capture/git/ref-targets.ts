import { isPreloadedBranch, isPreloadedFile, type PreloadedDirectory } from './preloaded-directory.ts';

// A symbolic ref begins with "ref: " instead; SHA-1 has 40 digits, SHA-256 has 64.
const DIRECT_REF = /^([0-9a-f]{40}(?:[0-9a-f]{24})?)\s*$/;
// Lines with `^` say what a tag points to, `#` what the file is like.
const PACKED_REF = /^([0-9a-f]{40}(?:[0-9a-f]{24})?) (\S+)$/;

/**
 * Objects that the refs of a preloaded git directory name, each with the name of a ref: HEAD if it is detached, everything
 * in `refs/`, and `packed-refs`.
 */
export function refTargets(git: PreloadedDirectory): Map<string, string> {
  const wanted = new Map<string, string>();
  const head = textOf(git, 'HEAD');
  addDirect(wanted, head, 'HEAD');
  for (const line of textOf(git, 'packed-refs').split('\n')) {
    const match = PACKED_REF.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) wanted.set(match[1], match[2]);
  }
  const refs = git.children.get('refs');
  if (refs !== undefined && isPreloadedBranch(refs)) addLoose(wanted, refs, 'refs');
  return wanted;
}

function addLoose(wanted: Map<string, string>, directory: PreloadedDirectory, path: string): void {
  for (const [name, node] of directory.children) {
    if (isPreloadedFile(node)) addDirect(wanted, Buffer.from(node.bytes).toString('latin1'), `${path}/${name}`);
    else if (isPreloadedBranch(node)) addLoose(wanted, node, `${path}/${name}`);
  }
}

function addDirect(wanted: Map<string, string>, text: string, ref: string): void {
  const digits = DIRECT_REF.exec(text)?.[1];
  if (digits !== undefined && !/^0+$/.test(digits)) wanted.set(digits, ref);
}

function textOf(directory: PreloadedDirectory, name: string): string {
  const node = directory.children.get(name);
  return node !== undefined && isPreloadedFile(node) ? Buffer.from(node.bytes).toString('utf8') : '';
}
