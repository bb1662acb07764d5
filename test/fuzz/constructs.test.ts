/** A foreign archive is taken only where all common readers of tar find in it what a restore finds. */
import { writeFileSync } from 'node:fs';
import { verifySnapshot } from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';
import { CONSTRUCTS } from './constructs.ts';
import { MISSING, Readers } from './readers.ts';
import { TAKEN } from './taken.ts';

const room = new TempDir();
/** Archives that one process of the readers gets at once. */
const BATCH = 50;
let readers: Readers;

beforeAll(() => {
  readers = new Readers(room.fresh('readers'));
});

afterAll(() => readers.close());

const names = Object.keys(CONSTRUCTS);

async function verify(name: string): Promise<{ code: string; message: string; hint?: string } | undefined> {
  const file = room.fresh('archive');
  writeFileSync(file, (CONSTRUCTS[name] as () => Buffer)());
  const { problems } = await verifySnapshot({ snapshot: file, threads: 1 });
  return problems[0];
}

test('each construct is taken or refused as the list says', async () => {
  const taken: string[] = [];
  for (const name of names) {
    const problem = await verify(name);
    if (problem === undefined) taken.push(name);
    else expect(problem.message, name).toMatch(/^[^\n\u001b]+$/);
  }
  expect(taken).toEqual(names.filter((name) => TAKEN.has(name)));
  expect([...TAKEN].filter((name) => !names.includes(name))).toEqual([]);
});

test('what is refused for being ambiguous is named', async () => {
  expect(await verify('size that begins with NUL')).toMatchObject({
    code: 'TAR_INVALID',
    message: '"a.bin" has a size that is no number to all readers of tar',
    hint: expect.stringMatching(/Programs that read tar differ/),
  });
});

describe('the readers agree on what is taken', () => {
  test.skipIf(MISSING.length > 0)(
    MISSING.length > 0 ? `(skipped: no ${MISSING.join(', ')} here)` : 'all',
    async () => {
      const disagreements: Record<string, unknown> = {};
      const taken = names.filter((name) => TAKEN.has(name));
      for (let from = 0; from < taken.length; from += BATCH) {
        const batch = taken.slice(from, from + BATCH);
        const found = await readers.compareAll(batch.map((name) => (CONSTRUCTS[name] as () => Buffer)()));
        batch.forEach((name, at) => {
          // Null: a restore refuses it, as it does a link that leads out.
          if (Object.keys(found[at] ?? {}).length > 0) disagreements[name] = found[at];
        });
      }
      expect(disagreements).toEqual({});
    },
    600_000,
  );
});
