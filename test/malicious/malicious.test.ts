import { BackupError, type Problem, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterEach, describe, expect, test } from 'vitest';
import { Sandbox } from './sandbox.ts';
import { VECTORS, type Vector } from './vectors.ts';

let sandbox: Sandbox | undefined;

afterEach(() => {
  sandbox?.remove();
  sandbox = undefined;
  expect(({} as Record<string, unknown>).version, 'Object.prototype was reached').toBeUndefined();
});

async function verify(vector: Vector, archive: string): Promise<void> {
  const result = await verifySnapshot({ snapshot: archive, threads: 1 });
  const codes = result.problems.map((problem: Problem) => problem.code);
  if (vector.verify === 'accepted') {
    expect(codes).toEqual([]);
  } else {
    expect(codes).toContain(vector.verify);
    for (const { message } of result.problems) expect(message).toMatch(/^[^\n\u001b]+$/);
  }
  expect(result.valid).toBe(vector.verify === 'accepted');
}

async function restore(vector: Vector, { archive, target }: Sandbox): Promise<void> {
  const error = await restoreBackup(new StateStore(target), archive, { mode: 'replace', threads: 1 }).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(BackupError);
  const { code, message, hint } = error as BackupError;
  expect({ code, message }).toEqual({ code: vector.restore, message });
  expect(message).toMatch(/^[^\n\u001b]+$/);
  expect(hint).toMatch(/^[^\n\u001b]+$/);
}

for (const form of ['sealed', 'foreign'] as const) {
  describe(`${form}, malicious`, () => {
    test.each(VECTORS.filter((vector) => vector.form === form))('$name: $restore', async (vector) => {
      sandbox = new Sandbox(vector.bytes());
      await verify(vector, sandbox.archive);
      await restore(vector, sandbox);
      expect(sandbox.changes()).toEqual([]);
      expect(sandbox.escaped()).toEqual([]);
    });
  });
}
