import { BackupError } from '../../errors.ts';
import type { SharedProfile } from './shared-config.ts';

/** What signs a request. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  /** Absent for those that last. */
  expiration?: Date | undefined;
}

/** Gives credentials that are good for a while yet. */
export type CredentialSource = () => Promise<Credentials>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Credentials are renewed when less than this is left of them. */
const RENEW_BEFORE_MS = 5 * 60 * 1000;

/**
 * Finds credentials as the command of AWS does: the environment, then keys in the shared files. Single sign-on, roles,
 * processes, containers and instances are left to the optional peer `@aws-sdk/credential-provider-node`, which is loaded
 * only then.
 *
 * @param load gives that peer; null where it is not installed
 * @throws BackupError `CREDENTIALS_MISSING`, also from the source
 */
export function credentialSource(
  env: Environment,
  profile: SharedProfile,
  load: () => Promise<Providers | null> = loadProviders,
): CredentialSource {
  const fixed = fromEnvironment(env) ?? fromProfile(profile);
  if (fixed !== null) return () => Promise.resolve(fixed);
  let current: Promise<Credentials> | null = null;
  return async () => {
    current ??= fromProviders(load, env.AWS_PROFILE);
    try {
      const held = await current;
      if (held.expiration === undefined || held.expiration.getTime() - Date.now() > RENEW_BEFORE_MS) return held;
      current = fromProviders(load, env.AWS_PROFILE);
      return await current;
    } catch (error) {
      current = null;
      throw error;
    }
  };
}

function fromEnvironment(env: Environment): Credentials | null {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined };
}

function fromProfile(profile: SharedProfile): Credentials | null {
  const accessKeyId = profile.get('aws_access_key_id');
  const secretAccessKey = profile.get('aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, sessionToken: profile.get('aws_session_token') || undefined };
}

async function fromProviders(load: () => Promise<Providers | null>, profile: string | undefined): Promise<Credentials> {
  const providers = await load();
  if (providers === null) {
    throw missing(
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile with keys. ' +
        'For single sign-on, roles and instances install the package @aws-sdk/credential-provider-node beside this one.',
    );
  }
  try {
    return await providers.defaultProvider(profile ? { profile } : {})();
  } catch (error) {
    throw missing('Log in again (aws sso login), or look at AWS_PROFILE and ~/.aws/config.', error);
  }
}

interface Providers {
  defaultProvider(options: { profile?: string }): CredentialSource;
}

async function loadProviders(): Promise<Providers | null> {
  // Not a literal: it is an optional peer, which types and bundles do without.
  const name = '@aws-sdk/credential-provider-node';
  try {
    return (await import(name)) as Providers;
  } catch {
    return null;
  }
}

function missing(hint: string, cause?: unknown): BackupError {
  return new BackupError('CREDENTIALS_MISSING', 'there are no credentials for the object storage', { hint, cause });
}
