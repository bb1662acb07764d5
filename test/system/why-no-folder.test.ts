import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createSnapshot, planSnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

test.each([
  ['a-file', 'is a file, not a folder'],
  ['a-link', 'is a link to nothing'],
  ['a-file/below', 'does not exist: a part of that path is a file'],
  ['nothing', 'does not exist'],
])('a snapshot cannot be put into %s: it %s', async (name, why) => {
  const [stateDir, home] = [room.fresh('state'), room.fresh('home')];
  for (const directory of [stateDir, home]) mkdirSync(directory);
  writeFileSync(`${stateDir}/note`, 'note');
  writeFileSync(`${home}/a-file`, 'no folder');
  symlinkSync('nowhere', `${home}/a-link`);
  const output = { folder: `${home}/${name}` };
  const error = {
    code: 'OUTPUT_UNWRITABLE',
    message: `${name === 'nothing' ? 'the folder ' : ''}${output.folder} ${why}`,
  };
  await expect(createSnapshot({ stateDir, output })).rejects.toMatchObject(error);
  await expect(planSnapshot({ stateDir, output })).rejects.toMatchObject(error);
  const scratch = createSnapshot({ stateDir, output: `${home}/s.tar.gz`, scratchDir: output.folder });
  await expect(scratch).rejects.toMatchObject({ message: `the folder for temporary files, ${output.folder}, ${why}` });
});
