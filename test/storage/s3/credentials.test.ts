import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupError } from '../../../src/errors.ts';
import { credentialSource } from '../../../src/storage/s3/credentials.ts';
import { readSharedProfile } from '../../../src/storage/s3/shared-config.ts';

let folder: string;
let env: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oxios-backup-aws-'));
  writeFileSync(
    join(folder, 'config'),
    [
      '# a comment',
      '[default]',
      'region = eu-central-1',
      '[profile work]',
      'region=eu-west-1 # the one of work',
      's3 =',
      '  addressing_style = path',
      'endpoint_url = https://store.example',
      '[profile  single-sign-on]',
      'sso_session = x',
    ].join('\n'),
  );
  writeFileSync(
    join(folder, 'credentials'),
    '[default]\r\naws_access_key_id = KEY\r\naws_secret_access_key = abc=def/+\r\n[work]\naws_access_key_id=WORK\naws_secret_access_key=s\naws_session_token=t\n',
  );
  env = { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') };
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the shared files', () => {
  it('give the default profile, or the one that is named', () => {
    expect(Object.fromEntries(readSharedProfile(env))).toEqual({
      region: 'eu-central-1',
      aws_access_key_id: 'KEY',
      aws_secret_access_key: 'abc=def/+',
    });
    expect(Object.fromEntries(readSharedProfile({ ...env, AWS_PROFILE: 'work' }))).toEqual({
      region: 'eu-west-1',
      s3: '',
      's3.addressing_style': 'path',
      endpoint_url: 'https://store.example',
      aws_access_key_id: 'WORK',
      aws_secret_access_key: 's',
      aws_session_token: 't',
    });
  });

  it('may be missing', () => {
    expect(readSharedProfile({ HOME: join(folder, 'nowhere') }).size).toBe(0);
  });
});

describe('credentials', () => {
  it('come from the environment before the files', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'E', AWS_SECRET_ACCESS_KEY: 'S', AWS_SESSION_TOKEN: 'T' };
    const source = credentialSource({ ...env, ...keys }, readSharedProfile(env));
    expect(await source()).toEqual({ accessKeyId: 'E', secretAccessKey: 'S', sessionToken: 'T' });
  });

  it('come from the files', async () => {
    const work = { ...env, AWS_PROFILE: 'work' };
    const source = credentialSource(work, readSharedProfile(work));
    expect(await source()).toEqual({ accessKeyId: 'WORK', secretAccessKey: 's', sessionToken: 't' });
  });

  it('that only the optional package can find are an error that names it', async () => {
    const sso = { ...env, AWS_PROFILE: 'single-sign-on' };
    const source = credentialSource(sso, readSharedProfile(sso));
    await expect(source()).rejects.toMatchObject({
      code: 'CREDENTIALS_MISSING',
      hint: expect.stringContaining('@aws-sdk/credential-provider-node'),
    });
  });

  it('come from the optional package where it is installed, and anew before they expire', async () => {
    const sso = { ...env, AWS_PROFILE: 'single-sign-on' };
    const asked: object[] = [];
    const lives = [60_000, 3_600_000];
    const defaultProvider = (options: object) => async () => {
      const expiration = new Date(Date.now() + (lives[asked.length] as number));
      return { accessKeyId: `K${asked.push(options)}`, secretAccessKey: 's', expiration };
    };
    const source = credentialSource(sso, readSharedProfile(sso), async () => ({ defaultProvider }));
    // The first are nearly over.
    for (const accessKeyId of ['K2', 'K2']) expect(await source()).toMatchObject({ accessKeyId });
    expect(asked).toEqual([{ profile: 'single-sign-on' }, { profile: 'single-sign-on' }]);
  });

  it('are asked for again after a log-in that had run out', async () => {
    let isLoggedIn = false;
    const defaultProvider = () => async () => {
      if (!isLoggedIn) throw new Error('the token of the session is secret-token');
      return { accessKeyId: 'K', secretAccessKey: 's' };
    };
    const source = credentialSource({ HOME: folder }, new Map(), async () => ({ defaultProvider }));
    const refused = (await source().catch((error: unknown) => error)) as BackupError;
    expect(refused).toMatchObject({ code: 'CREDENTIALS_MISSING', hint: expect.stringContaining('Log in again') });
    expect(`${refused.message} ${refused.hint}`).not.toContain('secret-token');
    isLoggedIn = true;
    expect(await source()).toMatchObject({ accessKeyId: 'K' });
  });
});
