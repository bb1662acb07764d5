import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { stableHostName } from '../../src/system/host-name.ts';
import { describePlatform } from '../../src/system/platform.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** A Mac of its own: what one answered is remembered. */
function macThatAnswers(script: string) {
  const bin = room.fresh('bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'scutil'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'scutil'), 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  return describePlatform('darwin', '25.0.0');
}

afterEach(() => vi.unstubAllEnvs());

test('on a Mac it is the name that does not follow the network', () => {
  const mac = macThatAnswers('[ "$*" = "--get LocalHostName" ] && echo Annas-MacBook');
  expect(stableHostName(mac)).toBe('Annas-MacBook');
});

test('without such a name, and elsewhere, it is the host name', () => {
  expect(stableHostName(macThatAnswers('exit 1'))).toBe(hostname());
  expect(stableHostName(describePlatform('linux', '6.1.0'))).toBe(hostname());
});
