import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { stableHostName } from '../../src/system/host-name.ts';
import { describePlatform, HERE } from '../../src/system/platform.ts';
import { formatIdentity, ownIdentity, parseIdentity } from '../../src/system/process-identity.ts';
import { isPidAlive, processFacts } from '../../src/system/processes.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const PATH = process.env.PATH;
afterEach(() => {
  process.env.PATH = PATH;
});

/** A platform value that nobody has asked about yet: answers are remembered by it. */
const mac = () => describePlatform('darwin', '23.6.0');

/** Commands that answer as those of macOS do, first in the PATH. */
function stub(commands: Record<string, string>): void {
  const bin = room.fresh('bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(`${bin}/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(`${bin}/${name}`, 0o755);
  }
  process.env.PATH = `${bin}${delimiter}${PATH}`;
}

const MAC_COMMANDS = {
  scutil: '[ "$*" = "--get LocalHostName" ] && echo Annas-MacBook',
  sysctl: '[ "$*" = "-n kern.bootsessionuuid" ] && echo 7E9A1C30-0B55-4D29-9F1E-7A0C2D1F8E11',
  ps: `[ "$*" = "-o stat= -o ppid= -o lstart= -p ${process.pid}" ] && echo "S+       1 Fri Nov 27 09:15:42 2026    "`,
};

test('it goes into a file name and comes back', () => {
  const own = ownIdentity();
  expect(parseIdentity(formatIdentity(own))).toEqual(own);
  expect(formatIdentity(own)).not.toMatch(/[/_\s]/);
  const bare = { ...own, boot: null, namespace: null, started: null };
  expect(parseIdentity(formatIdentity(bare))).toEqual(bare);
  for (const text of ['', 'x', `${formatIdentity(own)}.`, formatIdentity(own).slice(1)]) {
    expect(parseIdentity(text), text).toBeNull();
  }
});

test.skipIf(HERE.processesFrom !== 'proc')('on Linux everything is shown by /proc', () => {
  expect(Object.values(ownIdentity()).filter((part) => part === null)).toEqual([]);
});

test('on macOS by sysctl, ps and scutil', () => {
  stub(MAC_COMMANDS);
  const first = ownIdentity(mac());
  expect(first).toMatchObject({ pid: process.pid, namespace: null });
  expect(first.boot).not.toBeNull();
  expect(first.started).not.toBeNull();
  stub({ ...MAC_COMMANDS, sysctl: 'echo another' });
  expect(ownIdentity(mac()).boot).not.toBe(first.boot);
  stub({ ...MAC_COMMANDS, ps: 'echo "S 1 Fri Nov 27 09:15:43 2026"' });
  expect(ownIdentity(mac()).started).not.toBe(first.started);
  stub({ ...MAC_COMMANDS, scutil: 'echo Other' });
  expect(ownIdentity(mac()).host).not.toBe(first.host);
});

test('the name of a Mac is the one that does not follow the network', () => {
  stub(MAC_COMMANDS);
  expect(stableHostName(mac())).toBe('Annas-MacBook');
  stub({ scutil: 'echo "LocalHostName: not set"; exit 1' });
  expect(stableHostName(mac())).toBe(hostname());
  stub(MAC_COMMANDS);
  expect(stableHostName(describePlatform('linux', '6.1.0'))).toBe(hostname());
});

test('what ps shows of a process, to the second and in UTC', () => {
  stub({ ps: 'echo "Z    4711 Fri Nov 27 09:15:42 2026"' });
  expect(processFacts(1, mac())).toEqual({
    parent: 4711,
    isZombie: true,
    started: 'Fri Nov 27 09:15:42 2026',
    startedMs: Date.UTC(2026, 10, 27, 9, 15, 42),
  });
  expect(isPidAlive(process.pid, mac())).toBe(false);
  stub({ ps: 'exit 1' });
  expect(processFacts(1, mac())).toBeNull();
  expect(isPidAlive(process.pid, mac())).toBe(true);
});

test.skipIf(HERE.processesFrom !== 'proc')('the real ps agrees with /proc about this process', () => {
  const byProc = processFacts(process.pid, HERE);
  const byPs = processFacts(process.pid, mac());
  expect(byPs?.parent).toBe(byProc?.parent);
  expect(Math.abs((byPs?.startedMs ?? 0) - (byProc?.startedMs ?? 0))).toBeLessThanOrEqual(2000);
  expect(byPs?.isZombie).toBe(false);
  expect(execFileSync('ps', ['-o', 'pid=', '-p', String(process.pid)], { encoding: 'utf8' }).trim()).toBe(
    String(process.pid),
  );
});
