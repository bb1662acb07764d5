/** Names that must not be written, and places that are taken. */
import { directory, type Entry, file, hardLink, inOrder, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { paxHeader, ustarHeader } from '../archives/tar-bytes.ts';
import { type Attack, BASE, carrying, foreign, sealed } from './attack.ts';

/** Tar header of a file that pax gives a path which strings cannot hold, or ustar fields would cut. */
const paxNamed = (path: string | Buffer): Buffer =>
  Buffer.concat([paxHeader([['path', path]]), ustarHeader({ path: 'innocent' })]);

const notUtf8 = Buffer.concat([Buffer.from('memory/'), Buffer.from([0xff]), Buffer.from('.json')]);

function unordered(...entries: Entry[]): Attack {
  return { sealed: () => buildSnapshot([...BASE, ...entries]) };
}

export const NAMES = {
  'absolute name': carrying([file('/tmp/oxios-evil')]),
  'absolute directory': carrying([directory('/tmp/oxios-evil')]),
  'name with two leading slashes': carrying([file('//evil')]),
  'parent at the start': carrying([file('../evil')]),
  'parent in the middle': carrying([file('memory/../../evil')]),
  'parent that stays inside': carrying([file('memory/../evil')]),
  'parent behind a dot': carrying([file('memory/./../../evil')]),
  'parent behind empty components': carrying([file('memory//..//..//evil')]),
  'parent as a directory': carrying([directory('..')]),
  'parent at the end': carrying([directory('memory/..')]),
  'parent behind a leading dot': foreign([file('./../evil')]),
  'parent by pax over an innocent name': {
    ...sealed([file('innocent', '', { header: paxNamed('../evil') })]),
    ...foreign([file('innocent', '', { header: paxNamed('../evil') })]),
  },
  'NUL in a name': {
    ...sealed([file('memory/evil\0.json', '')]),
    ...foreign([file('memory/evil\0.json', '', { header: paxNamed('memory/evil\0.json') })]),
  },
  'empty name': carrying([file('', '')]),
  'dot as a file': carrying([file('.', '')]),
  'dot as a directory': sealed([directory('.')]),
  'dot as a component': { sealed: carrying([file('memory/./evil.json')]).sealed },
  'leading dot': { sealed: carrying([file('./evil.json')]).sealed },
  'dot in the middle': foreign([file('memory/./evil.json')]),
  'empty component': carrying([file('memory//evil.json')]),
  'file name that ends in a slash': {
    ...sealed([file('evil', '', { tar: { path: 'evil/' } })]),
    ...foreign([file('evil/', '')]),
  },
  'component of 1,024 bytes': carrying([file('n'.repeat(1024))]),
  'component of 1,024 bytes in 342 characters': carrying([file(`${'日'.repeat(341)}n`)]),
  'path of 5,000 bytes': carrying([file(Array(20).fill('n'.repeat(250)).join('/'))]),
  'path of 2,100 components': carrying([file(Array(2100).fill('d').join('/'))]),
  'path of 20,000 components': foreign([file(Array(20_000).fill('d').join('/'))]),
  'name that is not UTF-8': foreign([
    { path: 'evil', type: 'f', header: Buffer.concat([ustarHeader({ path: notUtf8 })]) },
  ]),
  'name that is not UTF-8, by pax': foreign([{ path: 'evil', type: 'f', header: paxNamed(notUtf8) }]),
  'replacement character for a byte that is not UTF-8': sealed([
    file('memory/\ufffd.json', '', { header: ustarHeader({ path: notUtf8 }) }),
  ]),
  'lone surrogate': sealed([file('memory/\ud800.json', '')]),

  'file twice': carrying([file('notes.md', 'another\n')]),
  'file twice, once with a dot before it': foreign([file('./notes.md', 'another\n')]),
  'directory twice': carrying([directory('memory/facts')]),
  'directory where a file was': carrying([directory('notes.md')]),
  'file where a directory was': carrying([directory('empty'), file('empty', '')]),
  'symbolic link where a directory was': carrying([directory('empty'), symlink('empty', 'memory')]),
  'file where an unnamed directory must be': {
    foreign: () => buildForeign([...BASE, file('implied/below'), file('implied')]),
  },
  'entry below a file': carrying([file('notes.md/evil')]),
  'entry below a symbolic link': carrying([symlink('out', 'memory'), file('out/evil')]),
  'entry below a symbolic link to the outside': carrying([symlink('out', '/tmp'), file('out/oxios-evil')]),
  'entry below a hard link': carrying([hardLink('out', 'notes.md'), file('out/evil')]),
  'symbolic link put over the parent of an entry': foreign([file('out/evil'), symlink('out', '/tmp')]),
  'entry below a symbolic link, two down': carrying([symlink('out', 'memory'), file('out/facts/evil.md')]),

  'out of order': unordered(file('a-first')),
  'slash counted as a byte': {
    sealed: () =>
      buildSnapshot(
        [directory('d'), file('d-x'), file('d/x'), ...inOrder(BASE)].sort((a, b) => (a.path < b.path ? -1 : 1)),
      ),
  },
  'directory behind its entries': {
    sealed: () => buildSnapshot([file('d/x'), directory('d'), ...inOrder(BASE)]),
  },
  'directory missing': sealed([file('nowhere/x')]),
} satisfies Record<string, Attack>;
