import { BackupError } from '../../errors.ts';

/** A bucket, what names in it begin with, and how its store is reached. */
export interface S3Location {
  bucket: string;
  /** Ends with `/`, or is empty: the whole bucket. */
  prefix: string;
  /** Base URL of the store; null for AWS itself. */
  endpoint: URL | null;
  /** Null where neither the URL nor the settings name one. */
  region: string | null;
  /** Whether the bucket is in the path of a request, and not in its host name. */
  pathStyle: boolean;
  /** What came after the `?` of the URL; empty where nothing did. */
  query: string;
}

/** What is in the environment or the shared configuration, where the URL says nothing. */
export interface S3Settings {
  endpoint?: string | undefined;
  region?: string | undefined;
  pathStyle?: boolean | undefined;
}

const S3_SCHEME = 's3://';

const QUERY = ['endpoint', 'region', 'path-style'];
// 3 to 63 characters; older buckets of AWS and those of other stores may have capitals and underscores.
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

/**
 * Parses `s3://bucket/prefix?endpoint=https://…&region=…&path-style=true`. The path is taken as it is written, not as
 * a URL: `%`, `+`, spaces and `#` in it are characters of the key.
 *
 * @throws BackupError `USAGE`
 */
export function parseS3Location(url: string, settings: S3Settings): S3Location {
  const [path = '', query = ''] = splitOnce(url.slice(S3_SCHEME.length), '?');
  const [bucket = '', key = ''] = splitOnce(path, '/');
  if (!BUCKET.test(bucket)) throw invalid(`"${bucket}" is not the name of a bucket`);
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!QUERY.includes(name)) throw invalid(`"${name}" is not known; allowed after the "?" are ${QUERY.join(', ')}`);
  }
  const endpoint = parameters.get('endpoint') ?? settings.endpoint ?? null;
  const style = parameters.get('path-style');
  if (style !== null && style !== 'true' && style !== 'false') throw invalid('path-style is true or false');
  const prefix = key.replace(/\/$/, '');
  // Clients of HTTP resolve these before they ask.
  if (prefix.split('/').some((part) => part === '.' || part === '..')) throw invalid('a key may not hold "." or ".."');
  if (prefix.includes('//') || /^\/|\/$/.test(prefix)) throw invalid('a key may not hold "//" here');
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint: endpoint === null ? null : parseEndpoint(endpoint),
    region: parameters.get('region') ?? settings.region ?? null,
    // A certificate of AWS does not cover a bucket with dots in its name.
    pathStyle: style === null ? (settings.pathStyle ?? (endpoint !== null || bucket.includes('.'))) : style === 'true',
    query,
  };
}

/**
 * Takes the URL of an object apart.
 *
 * @returns the URL of the folder that it is in, and its name there
 * @throws BackupError `USAGE`
 */
export function splitS3Object(url: string): { folder: string; name: string } {
  const [path = '', query = ''] = splitOnce(url, '?');
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  if (slash < S3_SCHEME.length || name === '') throw invalid('it names a bucket or a folder, not a snapshot in it');
  if (name === '.' || name === '..' || path[slash - 1] === '/') throw invalid(`a key may not hold "//", "." or ".."`);
  return { folder: `${path.slice(0, slash)}${query === '' ? '' : `?${query}`}`, name };
}

/** The URL of an object's location without anything secret, for messages. */
export function printableLocation({ bucket, prefix }: S3Location): string {
  return `${S3_SCHEME}${bucket}/${prefix}`.replace(/\/$/, '');
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw invalid(`the endpoint "${text}" is not a URL that begins with https:// or http://`);
  }
  if (url.username !== '' || url.password !== '') throw invalid('the endpoint must not hold a name or a password');
  return url;
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function invalid(what: string): BackupError {
  return new BackupError('USAGE', `this s3:// address is not right: ${what}`, {
    hint: 'Write s3://BUCKET/PREFIX for a folder, s3://BUCKET/NAME.tar.gz for a snapshot; for stores other than AWS with ?endpoint=https://HOST after it.',
  });
}
