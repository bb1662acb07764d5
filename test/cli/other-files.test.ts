import { beforeAll, expect, it } from 'vitest';
import { Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  await bench.shell(`cp -r state monday; python3 -m zipfile -c a.zip state; tar -cf a.tar -C state .
    echo '{"version":1,"created_at":"2026-10-01T02:03:04Z","oxios_version":"0.3.0","sections":[]}' > monday/manifest.json`);
});

it.each([
  ['monday', 'monday is a directory backup that Oxios made, not a snapshot', '"oxios-backup import DIR"', 1],
  ['state', 'state is a state directory, not a snapshot of one', '"oxios-backup create --state-dir DIR"', 1],
  ['a.zip', 'a.zip is a ZIP archive, not a snapshot', 'unzip a.zip -d DIR', 4],
  ['a.tar', 'a.tar is a tar that is not compressed, not a snapshot', 'tar -xf a.tar -C DIR', 4],
])('%s: every command that takes a snapshot says what it is and what to do', async (name, what, hint, expected) => {
  const answers = await Promise.all(
    [
      ['restore', name, '--state-dir', 'back'],
      ['restore', name, '--state-dir', 'back', '--dry-run'],
      ['verify', name],
      ['show', name],
      ['list', name],
      ['cat', name, 'notes.txt'],
    ].map((args) => bench.run(args)),
  );
  for (const { status, out, err } of answers) {
    expect({ status, said: out + err }).toEqual({ status: expected, said: expect.stringContaining(what) });
    expect(out + err).toContain(hint);
  }
});

it('a folder without snapshots that is a directory backup is named as such', async () => {
  for (const args of [
    ['restore', 'monday', '--latest', '--state-dir', 'back'],
    ['prune', 'monday', '--keep-last', '1'],
  ]) {
    const { status, err } = await bench.run(args);
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('"oxios-backup import DIR"') });
  }
});
