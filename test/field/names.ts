import type { FieldTree } from './field-tree.ts';

const UUID = '0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9';

const NAMES = [
  'n'.repeat(255),
  'ü'.repeat(127),
  '\u{1f331}'.repeat(63),
  '\x01\x02\x1b[31m',
  'line\nbreak',
  'tab\tand\rreturn',
  '\n',
  ' ',
  ' leading',
  'trailing ',
  'dots..',
  '...',
  '-rf',
  '--state-dir',
  '*',
  '?',
  '[a]',
  '!not',
  '#comment',
  '\\',
  'a\\b',
  '"quoted"',
  "it's",
  '$HOME',
  '`id`',
  '%00',
  ':colon',
  'é',
  'e\u0301',
  'A',
  'a',
  'ß',
  'SS',
  'ı',
  'CON',
  'nul.txt',
  '\u202egnp.exe',
  '\ufeffbom',
  '\ufffd',
  '\u{10ffff}',
  'x.log',
  'x.jsonl',
  'x.tmp',
  'x.lock',
  'x.db-wal',
  'x-shm',
  'x-journal',
  '-wal',
  'HEAD',
  'index',
  'packed-refs',
  'Manifest.json',
  'MANIFEST.JSON',
  'lost+found',
  'backups',
  'oxios.lock',
  '.git',
  '.gitignore',
  '.oxios-backup',
  '.nothing.oxios-backup.journal',
  '.nothing.oxios-backup.lock-0123456789abcdef',
  '.nothing.oxios-backup.staging-0123456789abcdef',
  '.oxios-backup-snapshot-x-01234567.tmp',
  'nothing.replaced-20260101_000000',
  'pax_global_header',
  '././@LongLink',
  'GNUSparseFile.0',
].filter((name) => !name.includes('/'));

/** Files and folders whose names mean something elsewhere. */
export function plantNames(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const isTop = folder === '.';
  for (const name of random.some(NAMES, 0.4)) {
    // What these mean at the top is documented.
    if (isTop && name === '.oxios-backup') continue;
    const path = `${folder}/names/${name}`;
    if (random.chance(0.2)) tree.folder(path);
    else tree.file(path, random.chance(0.3) ? '' : `${name}\nwithout a newline at the end`);
  }
  tree.file(`${folder}/names/manifest.json`, '{"version":1,"sections":[]}');
  tree.story.push(`names in ${folder}`);
}

/** Documents that a StateStore was writing: one in flight stays out, one that was left behind is a file. */
export function plantTemporaries(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const inFlight = tree.file(`${folder}/doc.json.4194000.${UUID}.tmp`, '{"half":');
  tree.time(inFlight, Date.now() / 1000);
  tree.excluded.add(inFlight);
  const left = tree.file(`${folder}/old.json.4194001.${UUID}.tmp`, '{"half":');
  tree.time(left, Date.now() / 1000 - 3600 * (1 + random.below(1000)));
  tree.folder(`${folder}/folder.json.1.${UUID}.tmp`);
  tree.file(`${folder}/short.json.4194001.tmp`, 'x');
  tree.story.push(`temporaries in ${folder}`);
}

/** What Oxios and we ourselves put into a state directory. */
export function plantOwn(tree: FieldTree): void {
  const { random } = tree;
  const manifest = JSON.stringify({
    version: 1,
    created_at: '2026-01-02T03:04:05Z',
    oxios_version: '0.3.0',
    sections: [{ name: 'sessions', entry_count: 1 }],
  });
  if (random.chance(0.5)) tree.excluded.add(tree.file('manifest.json', manifest));
  if (random.chance(0.3)) {
    tree.file('.oxios-backup/replaced-20260101_000000/a', 'old');
    tree.excluded.add('.oxios-backup');
  }
  const kind = random.pick(['none', 'empty', 'mine', 'theirs', 'both']);
  if (kind !== 'none') tree.folder('backups');
  if (kind === 'mine' || kind === 'both') tree.file('backups/notes.md', 'mine');
  if (kind === 'theirs' || kind === 'both') {
    tree.file('backups/20260102/manifest.json', manifest);
    tree.file('backups/20260102/sessions/a.json', '{}');
    tree.excluded.add(kind === 'theirs' ? 'backups' : 'backups/20260102');
  }
  tree.file('sub/backups/20260102/manifest.json', manifest);
  tree.story.push(`own things, backups: ${kind}`);
}
