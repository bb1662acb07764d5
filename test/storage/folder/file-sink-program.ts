/** `file-sink-program.ts FOLDER NAMES MEANWHILE`: commits a file under the first of NAMES that is free; a single one is no choice. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileSink } from '../../../src/storage/folder/file-sink.ts';

const [, , folder = '', names = '', meanwhile = ''] = process.argv;
const paths = names.split(',').map((name) => join(folder, name));
const sink = new FileSink(paths.length === 1 ? (paths[0] ?? '') : () => paths.shift() ?? '', false);
sink.write(Buffer.from('new'));
for (const name of meanwhile.split(',').filter(Boolean)) writeFileSync(join(folder, name), 'precious');
try {
  await sink.commit();
  console.log(sink.output.slice(folder.length + 1));
} catch (error) {
  await sink.discard();
  console.log((error as { code?: string }).code);
}
