/** The recipes of the README, run as they stand there. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, lchownSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import type { TreeNode } from '../../fixtures/compare-trees.ts';
import { canBeNobody } from '../nobody.ts';
import { ownerClient, startWithBucket } from '../storage/s3/bucket.ts';
import { type Gateway, noGateway, OWNER, STRANGER } from '../storage/s3/gateway.ts';
import { TempDir } from '../workroom.ts';
import { PROJECT, RECIPES, USE } from './blocks.ts';
import { killedBetweenRenames } from './interrupted.ts';
import { type Outcome, TestHome } from './test-home.ts';

const room = new TempDir();
let house: TestHome;
let before: Map<string, TreeNode>;
const used = new Set<string>();

beforeAll(() => buildWorkspace(room.path('workspace')));
beforeEach(() => {
  house = new TestHome(room.path('workspace'));
  before = house.tree();
});
afterEach(() => house.dispose());
afterAll(() => expect([...RECIPES.keys()].filter((name) => !used.has(name))).toEqual([]));

function recipe(name: string): string {
  const text = RECIPES.get(name);
  if (text === undefined) throw new Error(`the README has no recipe "${name}"`);
  return text;
}

/** A test of recipes; skipped, and named so, where the machine lacks what they call. */
function run(names: string[], title: string, needs: string[], body: () => void | Promise<void>): void {
  for (const name of names) used.add(name);
  const lacking = needs.filter((tool) => spawnSync('which', [tool], { stdio: 'ignore' }).status !== 0);
  test.skipIf(lacking.length > 0)(
    lacking.length > 0 ? `${title} (skipped: no ${lacking.join(', ')} here)` : title,
    body,
  );
}

function follow(name: string): Outcome {
  return house.run(recipe(name));
}

function expectDone({ status, stderr }: Outcome): void {
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

const nameNotUtf8 = (): Buffer => Buffer.concat([Buffer.from(`${house.stateDir}/sessions/`), Buffer.from([0xff])]);

test('the block under "Use"', () => {
  const lines = USE.split('\n').filter((line) => line.startsWith('oxios-backup '));
  const [create = '', verify = '', restore = '', replace = '', undo = '', ...more] = lines;
  expect(more).toEqual([]);
  expectDone(house.run(create));
  house.run('mv oxios-backup-*.tar.gz oxios-backup-20261122T101530Z-k3fa.tar.gz');
  expectDone(house.run(verify));
  expect(house.run(restore).status).toBe(1);
  house.run('mv ~/.oxios/workspace ~/elsewhere');
  expectDone(house.run(restore));
  expect(house.differences(before)).toEqual([]);
  house.spoil();
  expectDone(house.run(replace));
  expect(house.differences(before)).toEqual([]);
  expectDone(house.run(undo));
  expect(house.differences(before)).toContain('extra: seeds/mistake.md');
});

describe('every night', () => {
  const backups = (): string[] => readdirSync(house.path('home/backups')).filter((name) => name.endsWith('.tar.gz'));

  beforeEach(() => house.write('home/.local/bin/oxios-nightly', recipe('nightly'), 0o755));

  /** The command of the crontab, as cron runs it: by sh, with next to no environment. */
  function cron(): Outcome {
    const command = /^MAILTO=\S+\n(?:\S+ ){5}(.+)\n$/.exec(recipe('cron'))?.[1];
    expect(command).toBeDefined();
    const quoted = `exec env -i HOME="$HOME" LOGNAME=you SHELL=/bin/sh PATH=/usr/bin:/bin /bin/sh -c '${command}'`;
    return house.run(quoted);
  }

  run(['nightly', 'cron'], 'by cron: no mail when all is well', [], () => {
    expect(cron()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(backups()).toHaveLength(1);
    // Of one day the first and the last are kept.
    house.run('cd ~/backups; mv *.tar.gz first.tar.gz; oxios-nightly; mv oxios-*.tar.gz second.tar.gz');
    expect(house.run('oxios-nightly')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(backups()).toEqual(['first.tar.gz', expect.stringMatching(/^oxios-backup-/)]);
  });

  run(['cron'], 'by cron: a mail, and 3, when something could not be had', [], () => {
    writeFileSync(nameNotUtf8(), 'x');
    const { status, stdout, stderr } = cron();
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain('sessions/\\xff');
    expect(backups()).toHaveLength(1);
  });

  run(['cron'], 'by cron: a mail, and 1, when the disk of the backups is not there', [], () => {
    rmSync(house.path('home/backups'), { recursive: true });
    const { status, stderr } = cron();
    expect(status).toBe(1);
    expect(stderr).toContain('does not exist');
    expect(existsSync(house.path('home/backups'))).toBe(false);
  });

  run(['cron'], 'by cron: a mail, and 4, when an old snapshot is damaged; the others are pruned without it', [], () => {
    for (const name of ['oldest', 'old', 'last']) {
      expectDone(house.run(`oxios-backup create ~/backups/${name}.tar.gz`));
    }
    damage(house.path('home/backups/last.tar.gz'));
    const { status, stderr } = cron();
    expect(status).toBe(4);
    expect(stderr).toMatch(/^last\.tar\.gz: NOT VALID/m);
    expect(backups().sort()).toEqual(['last.tar.gz', 'oldest.tar.gz', expect.stringMatching(/^oxios-backup-/)]);
  });

  run(['launchd'], 'by launchd: its property list is one, and what it runs makes a snapshot', ['python3'], () => {
    house.write('work/agent.plist', recipe('launchd'));
    const read = "import plistlib, json; print(json.dumps(plistlib.load(open('agent.plist', 'rb'))))";
    const agent = JSON.parse(house.run(`python3 -c "${read}"`).stdout);
    expect(agent.StartCalendarInterval).toEqual({ Hour: 3, Minute: 30 });
    const quoted = (agent.ProgramArguments as string[]).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    // It knows no other folders.
    expectDone(house.run(`PATH=/usr/bin:/bin:/usr/sbin:/sbin ${quoted.join(' ')}`));
    expect(backups()).toHaveLength(1);
    expect(readFileSync(house.path('home/Library/Logs/oxios-backup.log'), 'utf8')).toBe('');
  });

  run(
    ['systemd service', 'systemd timer'],
    'by systemd, which finds nothing to complain about',
    ['systemd-analyze'],
    () => {
      const units = 'home/.config/systemd/user';
      house.write(`${units}/oxios-backup.service`, recipe('systemd service'));
      house.write(`${units}/oxios-backup.timer`, recipe('systemd timer'));
      const verified = house.run(
        'cd ~/.config/systemd/user && systemd-analyze --user verify ./oxios-backup.service ./oxios-backup.timer',
      );
      expect(verified).toEqual({ status: 0, stdout: '', stderr: '' });
      const calendar = /^OnCalendar=(.+)$/m.exec(recipe('systemd timer'))?.[1];
      expect(house.run(`systemd-analyze calendar '${calendar}'`).stdout).toMatch(/Next elapse: .* 03:30:00/);
    },
  );
});

run(['neighbours'], 'what lies beside the workspace, each on its own, and back', [], () => {
  house.mkdir('home/backups');
  house.write('home/.oxi/brain/brain.db', 'memory');
  house.write('home/.oxi/vault/note.md', 'knowledge');
  house.write('home/.oxios/auth.json', '{}');
  expect(house.run('oxios-backup create --dry-run').stdout).toMatch(/brain[\s\S]*vault[\s\S]*auth\.json/);
  expectDone(follow('neighbours'));
  const pruned = house.run('oxios-backup prune ~/backups --keep-last 1');
  expectDone(pruned);
  expect(pruned.stdout).toContain('0 snapshots removed');
  house.write('home/.oxios/auth.json', '{"lost":true}');
  expectDone(house.run('oxios-backup restore ~/backups/$(ls -t ~/backups | head -1) --merge --state-dir ~/.oxios'));
  expect(readFileSync(house.path('home/.oxios/auth.json'), 'utf8')).toBe('{}');
  expect(house.differences(before)).toEqual([]);
});

describe('in a container', () => {
  const canUnshare = spawnSync('unshare', ['--mount', '--uts', 'true']).status === 0;
  const why = canUnshare ? '' : ' (skipped: no namespaces here)';
  const OWNER = 1234;

  for (const name of ['Dockerfile', 'container create', 'container restore']) used.add(name);
  test.skipIf(!canUnshare)(`snapshots of one volume, and back into it${why}`, () => {
    house.write('work/Dockerfile', recipe('Dockerfile'));
    const volume = house.path('docker/volumes/oxios-state');
    house.run(`cp -a ~/.oxios/workspace "$DOCKER_STUB/volumes/oxios-state"`);
    lchownSync(join(volume, 'sessions/telegram:4711.json'), OWNER, OWNER);

    expectDone(follow('container create'));
    house.run('cd ~/backups; mv *.tar.gz first.tar.gz');
    expectDone(follow('container create'));
    house.run('cd ~/backups; mv oxios-*.tar.gz second.tar.gz');
    const again = follow('container create');
    expectDone(again);
    expect(again.stdout).toContain('of oxios:/state');
    expect(again.stdout).toContain('1 snapshot removed');

    house.run('mv ~/backups/first.tar.gz ~/backups/oxios.tar.gz');
    house.spoil(volume);
    const restored = follow('container restore');
    expectDone(restored);
    expect(restored.stdout).toMatch(/kept at \/state\/\.oxios-backup\/replaced-/);
    expect(house.differences(before, volume).filter((line) => !line.startsWith('extra: .oxios-backup'))).toEqual([]);
    expect(statSync(join(volume, 'sessions/telegram:4711.json')).uid).toBe(OWNER);
  });
});

describe('through a pipe', () => {
  const HALF = 'head -c 20000';

  run(['ssh push', 'ssh restore'], 'to another machine by ssh, and back', [], () => {
    house.host('backup.example.org');
    expectDone(follow('ssh push'));
    house.spoil();
    expectDone(follow('ssh restore'));
    expect(house.differences(before)).toEqual([]);
  });

  run(['ssh push'], 'what breaks off on its way by ssh replaces nothing', [], () => {
    house.host('backup.example.org');
    expectDone(follow('ssh push'));
    const there = house.path('hosts/backup.example.org/oxios.tar.gz');
    const good = readFileSync(there);
    const broken = house.run(recipe('ssh push').replace(/\|\s+ssh/, `| ${HALF} | ssh`));
    expect(broken.status).not.toBe(0);
    expect(readFileSync(there).equals(good)).toBe(true);
  });

  run(['ssh restore'], 'half a snapshot is refused, also without pipefail', [], () => {
    house.host('backup.example.org');
    expectDone(follow('ssh push'));
    house.spoil();
    const spoiled = house.tree();
    const broken = house.run(recipe('ssh restore').replace('| oxios-backup', `| ${HALF} | oxios-backup`));
    expect(broken.status).toBe(4);
    expect(house.differences(spoiled)).toEqual([]);
  });

  run(['ssh pull'], 'from another machine by ssh', [], () => {
    house.host('oxios.example.org');
    expectDone(follow('ssh pull'));
  });

  run(['rclone'], 'to a cloud by rclone, and back', ['rclone'], () => {
    house.write('home/.config/rclone/rclone.conf', `[remote]\ntype = alias\nremote = ${house.mkdir('cloud')}\n`);
    expectDone(follow('rclone'));
    expect(readdirSync(house.path('cloud/oxios'))).toHaveLength(1);
    expect(house.differences(before)).toEqual([]);
  });

  run(['age'], 'encrypted by age', ['age'], () => {
    expectDone(follow('age'));
    expect(readFileSync(house.path('work/oxios.tar.gz.age'), 'latin1')).toMatch(/^age-encryption\.org/);
    expect(house.differences(before)).toEqual([]);
  });

  run(['gpg'], 'encrypted by gpg', ['gpg'], () => {
    house.mkdir('home/.gnupg');
    expectDone(house.run("gpg --batch --passphrase '' --quick-generate-key you@example.org default default never"));
    expectDone(follow('gpg'));
    expect(house.differences(before)).toEqual([]);
  });
});

describe('with a snapshot at hand', () => {
  beforeEach(() => house.snapshot());

  run(['move'], 'to another home', [], () => {
    rmSync(house.stateDir, { recursive: true });
    expectDone(follow('move'));
    expect(house.differences(before)).toEqual([]);
  });

  run(['move'], 'to another user', canBeNobody ? [] : ['root, setpriv, or Node for any user'], () => {
    house.write('nobody/move.sh', recipe('move'));
    const moved = house.run(`
      cp oxios.tar.gz ../nobody
      chown -R 65534:65534 ../nobody
      chmod 711 .. ~
      cd ../nobody
      HOME=$PWD exec setpriv --reuid=65534 --regid=65534 --clear-groups bash -e move.sh`);
    expectDone(moved);
    const stateDir = house.path('nobody/.oxios/workspace');
    expect(house.differences(before, stateDir)).toEqual([]);
    expect(statSync(stateDir).uid).toBe(65534);
  });

  run(['one thing'], 'one thing comes back, and the rest stays', [], () => {
    house.spoil();
    const done = follow('one thing');
    expectDone(done);
    expect(done.stdout).toContain('"user_id": "4711"');
    expect(house.differences(before).filter((line) => !/^time: (?:seeds|sessions|memory)\b/.test(line))).toEqual([
      'extra: seeds/mistake.md',
    ]);
  });

  run(['latest'], 'the newest good snapshot of a folder, where all is lost', [], () => {
    expectDone(house.run('oxios-backup create --to ~/backups'));
    house.run('rm -r ~/.oxios/workspace');
    expectDone(follow('latest'));
    expect(house.differences(before)).toEqual([]);
  });

  run(['undo'], 'a restore is taken back', [], () => {
    house.spoil();
    const spoiled = house.tree();
    expectDone(house.run('oxios-backup restore oxios.tar.gz --replace'));
    expect(house.differences(before)).toEqual([]);
    expectDone(follow('undo'));
    expect(house.differences(spoiled)).toEqual([]);
  });

  run(['recover'], 'a restore is finished after a crash', ['strace'], () => {
    house.spoil();
    killedBetweenRenames(house, 'restore oxios.tar.gz --replace');
    expect(existsSync(house.stateDir)).toBe(false);
    expect(house.run('oxios-backup restore oxios.tar.gz').status).toBe(5);
    expectDone(follow('recover'));
    expect(house.differences(before)).toEqual([]);
  });

  run(['salvage'], 'what is sound of a damaged snapshot is saved', [], () => {
    writeFileSync(join(house.stateDir, 'assets/film.bin'), randomBytes(3 * 2 ** 20));
    house.run('oxios-backup create damaged.tar.gz');
    damage(house.path('work/damaged.tar.gz'));
    expect(house.run('oxios-backup verify damaged.tar.gz').status).toBe(4);
    expect(follow('salvage').status).toBe(3);
    const lost = house.differences(before, house.path('work/rescued')).filter((line) => line.startsWith('missing: '));
    expect(lost).toEqual([]);
  });

  run(['tar'], 'gzip and tar suffice', ['tar', 'gzip'], () => {
    rmSync(house.stateDir, { recursive: true });
    expectDone(follow('tar'));
    const wholeSeconds = house.differences(before).filter((line) => !line.startsWith('time: '));
    expect(wholeSeconds).toEqual([]);
  });

  run(['tar'], 'and so does the tar of macOS and FreeBSD', ['bsdtar', 'gzip'], () => {
    rmSync(house.stateDir, { recursive: true });
    house.write('home/.local/bin/tar', '#!/bin/sh\nexec bsdtar "$@"\n', 0o755);
    expectDone(follow('tar'));
    expect(house.differences(before).filter((line) => !line.startsWith('time: '))).toEqual([]);
  });

  run(['reader'], 'Python suffices to check it', ['python3'], () => {
    house.run(`cp ${PROJECT}/test/format/reader.py .`);
    expectDone(follow('reader'));
    damage(house.path('work/oxios.tar.gz'));
    expect(follow('reader').status).toBe(1);
  });
});

describe('in object storage', () => {
  let gateway: Gateway | undefined;
  const needs = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph-authtool', 'python3'];

  beforeAll(async () => {
    if (noGateway === null) gateway = await startWithBucket('backups');
  }, 120_000);
  afterAll(() => gateway?.stop());

  /** The same lines of somebody whose keys these are. */
  function as(keys: Record<string, string>, lines: string): Outcome {
    const settings = { AWS_ENDPOINT_URL: gateway?.endpoint, ...keys, HOME: house.home };
    return house.run(
      `${Object.entries(settings)
        .map(([name, value]) => `export ${name}=${value}\n`)
        .join('')}${lines}`,
    );
  }

  /** Gives a policy of the README to the other user: here it is one of the bucket, which says whom it is for. */
  async function setPolicy(name: string): Promise<void> {
    const policy = JSON.parse(recipe(name)) as { Statement: object[] };
    const Principal = { AWS: ['arn:aws:iam:::user/may-not'] };
    const Statement = policy.Statement.map((statement) => ({ ...statement, Principal }));
    const body = new TextEncoder().encode(JSON.stringify({ ...policy, Statement }));
    const client = ownerClient(gateway as Gateway, 'backups');
    await client.request({ method: 'PUT', query: { policy: '' }, body, asked: 'to set a policy' });
  }

  run(['s3'], 'made, verified, restored and pruned', needs, () => {
    expectDone(as(OWNER, recipe('s3')));
    expect(house.differences(before)).toEqual([]);
  });

  run(['s3 create policy', 's3 prune policy'], 'with two policies for least rights', needs, async () => {
    const create = 'oxios-backup create --to s3://backups/oxios';
    const prune = 'oxios-backup prune s3://backups/oxios --keep-last 1';
    await setPolicy('s3 create policy');
    expectDone(as(STRANGER, `${create}\n${create}`));
    expect(as(STRANGER, prune)).toMatchObject({ status: 1, stderr: expect.stringContaining('403') });
    await setPolicy('s3 prune policy');
    expect(as(STRANGER, create)).toMatchObject({ status: 1, stderr: expect.stringContaining('403') });
    expectDone(as(STRANGER, 'oxios-backup verify s3://backups/oxios'));
    const pruned = as(STRANGER, `${prune} --json`);
    expectDone(pruned);
    expect(JSON.parse(pruned.stdout).removed).toHaveLength(1);
  });
});

/** Turns one bit in the middle. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(path, bytes);
}
