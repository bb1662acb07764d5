/** Links that leave the state directory, or are none. */
import { directory, type Entry, file, hardLink, symlink } from '../archives/entry.ts';
import { gnuLong, paxHeader, ustarHeader } from '../archives/tar-bytes.ts';
import { type Attack, carrying, foreign, sealed } from './attack.ts';

const withBody = (entry: Entry): Attack => {
  const content = Buffer.alloc(512, ustarHeader({ path: '../evil' }));
  const lying = { ...entry, tar: { size: 512 }, body: content };
  return {
    // The body is where the next entry's header should be.
    ...sealed([lying]),
    ...foreign([lying]),
  };
};

const longHardLink: Entry = {
  ...hardLink('evil', 'notes.md'),
  header: Buffer.concat([
    gnuLong('K', `/etc/${'x/'.repeat(100)}passwd`),
    ustarHeader({ path: 'evil', type: '1', linkpath: 'notes.md' }),
  ]),
};

const paxHardLink: Entry = {
  ...hardLink('z-evil', 'notes.md'),
  header: Buffer.concat([
    paxHeader([['linkpath', '/etc/passwd']]),
    ustarHeader({ path: 'z-evil', type: '1', linkpath: 'notes.md' }),
  ]),
};

/** Refused by a restore unless told otherwise; a snapshot may honestly hold them. */
export const EXTERNAL_LINKS = {
  'symbolic link to an absolute path': [symlink('evil', '/etc/passwd')],
  'symbolic link to the parent': [symlink('evil', '../outside')],
  'symbolic link that climbs too far': [symlink('memory/facts/evil', '../../../outside')],
  'symbolic link out and back in': [symlink('evil', '../target/notes.md')],
  'symbolic link to the root of the system, in many steps': [symlink('evil', `${'../'.repeat(40)}etc/passwd`)],
  'symbolic link out through another one': [
    directory('deep'),
    symlink('deep/evil', 'up/../outside'),
    symlink('deep/up', '..'),
  ],
  'symbolic link out through a chain of three': [
    directory('deep'),
    directory('deep/er'),
    symlink('deep/er/evil', 'one/../../outside'),
    symlink('deep/er/one', 'two'),
    symlink('deep/er/two', '../../memory'),
  ],
  'symbolic link out through a directory that is a link': [
    directory('deep'),
    symlink('deep/inside', '../hop/../../outside'),
    symlink('hop', 'memory/facts'),
    symlink('hop2', 'hop/../../../outside'),
  ],
} satisfies Record<string, Entry[]>;

export const LINKS = {
  ...(Object.fromEntries(Object.entries(EXTERNAL_LINKS).map(([name, entries]) => [name, carrying(entries)])) as Record<
    keyof typeof EXTERNAL_LINKS,
    Required<Attack>
  >),
  'symbolic link to nothing': carrying([symlink('evil', '')]),
  'symbolic link with NUL': {
    ...sealed([symlink('evil', 'notes.md\0evil')]),
    ...foreign([
      symlink('evil', 'notes.md\0evil', {
        header: Buffer.concat([
          paxHeader([['linkpath', 'notes.md\0evil']]),
          ustarHeader({ path: 'evil', type: '2', mode: 0o777 }),
        ]),
      }),
    ]),
  },
  'symbolic link of 5,000 bytes': carrying([symlink('evil', 'n/'.repeat(2500))]),
  'symbolic link of 20,000 components': carrying([symlink('evil', Array(20_000).fill('d').join('/'))]),
  'symbolic link with a body': withBody(symlink('evil', 'notes.md')),

  'hard link to nothing': carrying([hardLink('evil', 'absent')]),
  'hard link to an empty name': carrying([hardLink('evil', '')]),
  'hard link to a directory': carrying([hardLink('n', 'memory')]),
  'hard link to a symbolic link': carrying([symlink('a', 'notes.md'), hardLink('evil', 'a')]),
  'hard link to a hard link': sealed([file('a'), hardLink('b', 'a'), hardLink('c', 'b')]),
  'hard link to itself': carrying([hardLink('evil', 'evil')]),
  'hard link to a later file': carrying([hardLink('a', 'z'), file('z')]),
  'hard link to an absolute path': carrying([hardLink('evil', '/etc/passwd')]),
  'hard link to the parent': carrying([hardLink('evil', '../outside')]),
  'hard link that climbs through the inside': carrying([hardLink('evil', 'memory/../../outside')]),
  'hard link through a symbolic link': carrying([symlink('a', '/etc'), hardLink('evil', 'a/passwd')]),
  'hard link to the manifest': carrying([hardLink('evil', 'manifest.json')]),
  'hard link with a body': withBody(hardLink('o', 'notes.md')),
  'hard link out by a GNU long name': foreign([longHardLink]),
  'hard link out by pax': { ...sealed([paxHardLink]), ...foreign([paxHardLink]) },
  'file with a link path by pax': {
    ...sealed([
      file('evil', '', {
        header: Buffer.concat([paxHeader([['linkpath', '.']]), ustarHeader({ path: 'evil' })]),
      }),
    ]),
    ...foreign([
      file('evil', '', {
        header: Buffer.concat([paxHeader([['linkpath', '.']]), ustarHeader({ path: 'evil' })]),
      }),
    ]),
  },
} satisfies Record<string, Attack>;
