import fs from 'node:fs';
import { expect, test } from 'vitest';
import { type ForeignArchive, openSnapshot } from '../../src/read/open-snapshot.ts';
import { extractForeign, surveyForeign } from '../../src/restore/extract-foreign.ts';
import { openReader } from '../../src/storage/open-reader.ts';
import { directory, file, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

async function extract(between: (archive: string) => void): Promise<string> {
  const archive = room.fresh('archive');
  const root = room.fresh('tree');
  fs.mkdirSync(root);
  const entries = [directory('seeds'), file('seeds/a.json'), file('evals/deep/b.json'), symlink('links/in', '..')];
  fs.writeFileSync(archive, buildForeign(entries));
  const source = await openReader(archive);
  try {
    const snapshot = (await openSnapshot(source)) as ForeignArchive;
    const survey = await surveyForeign(snapshot, null, undefined);
    between(archive);
    await extractForeign(
      snapshot,
      null,
      survey,
      { root, umask: 0o027, sameOwner: false, modes: true, holes: true },
      {},
    );
    return root;
  } finally {
    await source.close();
  }
}

test('directories without an entry are made as new ones are', async () => {
  const root = await extract(() => {});
  const modes = ['evals', 'evals/deep', 'links'].map((path) => fs.statSync(`${root}/${path}`).mode & 0o7777);
  expect(modes).toEqual([0o750, 0o750, 0o750]);
});

test('an archive that is another one at the second reading is refused', async () => {
  const change = (archive: string) => {
    const { size } = fs.statSync(archive);
    const other = buildForeign([directory('seeds'), file('seeds/a.json')]);
    fs.writeFileSync(archive, Buffer.concat([other, Buffer.alloc(size - other.length)]));
  };
  await expect(extract(change)).rejects.toMatchObject({
    code: 'SNAPSHOT_DAMAGED',
    message: 'the archive changed while it was read',
  });
});
