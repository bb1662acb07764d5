import { describe, expect, test } from 'vitest';
import { ON_OTHER_GROUND } from '../../test-folder.ts';
import { expectWhole, Ground, noMounts, type Pictures, picturesOf, type Scenario, type Strategy } from '../scenario.ts';
import { actWith, type Call, callsOf, hasStrace, overAll } from '../traced.ts';

const TORTURE = process.env.OXIOS_TORTURE === '1';
const CHANGING = ['rename', 'mkdir', 'rmdir', 'unlink', 'fsync'];
const MORE_CHANGING = ['openat', 'chmod', 'utimensat', 'link', 'symlink', 'copy_file_range'];
const KILLED_AT = TORTURE ? [...CHANGING, ...MORE_CHANGING] : CHANGING;
const READING = ['openat', 'statx', 'getdents64'];
const FAILED_AT = [...CHANGING, ...READING, 'chmod', 'utimensat', 'link', 'symlink', 'copy_file_range'];
const ERRORS = TORTURE ? ['EIO', 'ENOSPC', 'EACCES', 'EMFILE', 'EINTR'] : ['EIO'];

/** In the short form every `step`-th call, and every rename: that is where trees change places. */
function sampled(calls: Call[], step: number): Call[] {
  const every = ON_OTHER_GROUND ? Math.max(step, 12) : step;
  return calls.filter(({ name }, index) => TORTURE || name === 'rename' || index % every === 0);
}

const base: Omit<Scenario, 'strategy'>[] = [
  { name: 'create where nothing is', before: 'missing', verb: 'commit', mode: 'create' },
  { name: 'create in an empty directory', before: 'empty', verb: 'commit', mode: 'create' },
  { name: 'replace', before: 'content', verb: 'commit', mode: 'replace' },
  { name: 'merge', before: 'content', verb: 'commit', mode: 'merge' },
  { name: 'undo', before: 'content', restoredBefore: 'replace', verb: 'undo' },
  { name: 'undo of a merge', before: 'content', restoredBefore: 'merge', verb: 'undo' },
];

function scenariosFor(strategy: Strategy): Scenario[] {
  // A mount point is never missing.
  return (
    base
      .filter(({ before }) => strategy !== 'children' || before !== 'missing')
      // A volume in it makes a difference to merges alone.
      .filter(({ mode, restoredBefore }) => strategy !== 'volume' || mode === 'merge' || restoredBefore === 'merge')
      .map((each) => ({ ...each, strategy }))
  );
}

/** Runs every case on a few grounds side by side, and reports all that did not hold. */
async function overGrounds<T>(
  strategy: Strategy,
  items: T[],
  each: (ground: Ground, item: T) => Promise<{ what: string; check: () => Promise<void> }>,
) {
  const idle = [new Ground(strategy), new Ground(strategy), new Ground(strategy)];
  const all = [...idle];
  const broken: string[] = [];
  try {
    await overAll(items, async (item) => {
      const ground = idle.pop();
      if (ground === undefined) throw new Error('more workers than grounds');
      const { what, check } = await each(ground, item);
      await check().catch((error: Error) => broken.push(`${what}: ${error.message}`));
      idle.push(ground);
    });
  } finally {
    for (const ground of all) ground.dispose();
  }
  expect(broken, `${broken.length} of ${items.length} cases`).toEqual([]);
}

async function callsIn(scenario: Scenario, names: string[]): Promise<{ calls: Call[]; pictures: Pictures }> {
  const ground = new Ground(scenario.strategy);
  try {
    const pictures = await picturesOf(ground, scenario);
    await ground.prepare(scenario);
    const { calls, outcome } = await callsOf(names, ground.root, ground.args(scenario));
    expect(outcome.ok).toBe(true);
    return { calls, pictures };
  } finally {
    ground.dispose();
  }
}

const skipAll = hasStrace ? null : 'there is no strace on this machine';

describe.each(['rename', 'children', 'volume'] as const)('a state directory replaced by %s', (strategy) => {
  const skip = skipAll ?? (strategy === 'rename' ? null : noMounts);

  describe.skipIf(skip !== null)(skip ?? 'on this machine', () => {
    test.each(scenariosFor(strategy))('killed at every call: $name', { timeout: 3_600_000 }, async (scenario) => {
      const { calls, pictures } = await callsIn(scenario, KILLED_AT);
      expect(calls.filter(({ name }) => name === 'rename').length).toBeGreaterThan(1);
      await overGrounds(
        strategy,
        sampled(calls, strategy === 'rename' && scenario.name === 'replace' ? 1 : 4),
        async (ground, call) => {
          await ground.prepare(scenario);
          const outcome = await actWith(`${call.name}:signal=KILL:when=${call.n}`, ground.args(scenario));
          const check = async () => {
            expect(outcome.killed).toBe(true);
            await expectWhole(ground, scenario, pictures);
          };
          return { what: `killed at ${call.text}`, check };
        },
      );
    });

    test.each(scenariosFor(strategy))('every call fails once: $name', { timeout: 3_600_000 }, async (scenario) => {
      const { calls, pictures } = await callsIn(scenario, FAILED_AT);
      const cases = sampled(calls, scenario.name === 'replace' ? 4 : 15).flatMap((call) =>
        ERRORS.map((error) => ({ call, error })),
      );
      await overGrounds(strategy, cases, async (ground, { call, error }) => {
        await ground.prepare(scenario);
        const outcome = await actWith(`${call.name}:error=${error}:when=${call.n}`, ground.args(scenario));
        const check = async () => {
          expect(outcome.killed).toBe(false);
          expect(outcome.code ?? '').not.toContain('UNEXPECTED');
          expect(outcome.code).not.toBe('NEEDS_RECOVERY');
          expect(ground.picture()).toBe(outcome.ok ? pictures.after : pictures.before);
          await expectWhole(ground, scenario, pictures);
        };
        return { what: `${error} at ${call.text}, ended ${JSON.stringify(outcome)}`, check };
      });
    });

    test.each(scenariosFor(strategy).filter(({ name }) => name === 'replace' || name === 'merge'))(
      'a recovery is itself killed at every call: $name',
      { timeout: 3_600_000 },
      async (scenario) => {
        const { calls, pictures } = await callsIn(scenario, ['rename']);
        // Between the old things' leaving and the new ones' coming, and half-way through either.
        const swap = calls.filter(({ text }) => !text.includes('.tmp"')).slice(1);
        for (const at of TORTURE ? swap : [swap[0], swap.at(-1)]) {
          if (at === undefined) continue;
          const interrupt = async (ground: Ground) => {
            await ground.prepare(scenario);
            await actWith(`${at.name}:signal=KILL:when=${at.n}`, ground.args(scenario));
          };
          const probe = new Ground(strategy);
          await interrupt(probe);
          const recovering = (await callsOf(KILLED_AT, probe.root, ['recover', probe.dir])).calls;
          probe.dispose();
          await overGrounds(strategy, sampled(recovering, 4), async (ground, call) => {
            await interrupt(ground);
            const outcome = await actWith(`${call.name}:signal=KILL:when=${call.n}`, ['recover', ground.dir]);
            const check = async () => {
              expect(outcome.killed).toBe(true);
              await expectWhole(ground, scenario, pictures);
            };
            return { what: `killed at ${at.text}, recovery killed at ${call.text}`, check };
          });
        }
      },
    );
  });
});
