import { BackupError } from '../../errors.ts';
import type { S3Client } from './s3-client.ts';
import type { S3Location } from './s3-location.ts';
import { childrenOf, decodeKey, parseXml, textOf } from './s3-xml.ts';

/** An upload that is younger may still be under way somewhere. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Gives up the multipart uploads of snapshots that were begun over a day ago and never committed: they are billed, and
 * no listing shows them.
 *
 * @param isOurs whether a name is one that this program gives; uploads of others are left alone
 * @returns names of what was given up. Nothing where the credentials may not list uploads.
 */
export async function clearAbandonedUploads(
  client: S3Client,
  { bucket, prefix }: S3Location,
  isOurs: (name: string) => boolean,
  now: Date,
  signal?: AbortSignal,
): Promise<string[]> {
  const cleared: string[] = [];
  let markers: Record<string, string> = {};
  for (;;) {
    const { status, body } = await client.request({
      method: 'GET',
      query: { uploads: '', prefix, 'encoding-type': 'url', ...markers },
      asked: `to list the uploads in ${bucket}`,
      allow: [403, 405, 501],
      signal,
    });
    const answer = parseXml(body);
    if (status >= 300 || answer === null) return cleared;
    for (const upload of childrenOf(answer.element, 'Upload')) {
      const key = decodeKey(textOf(upload, 'Key') ?? '');
      const id = textOf(upload, 'UploadId') ?? '';
      const begun = Date.parse(textOf(upload, 'Initiated') ?? '');
      const name = key.slice(prefix.length);
      if (!key.startsWith(prefix) || !isOurs(name) || !(now.getTime() - begun > ABANDONED_AFTER_MS)) continue;
      if (await giveUp(client, key, id, signal)) cleared.push(name);
    }
    const keyMarker = textOf(answer.element, 'NextKeyMarker');
    if (textOf(answer.element, 'IsTruncated') !== 'true' || keyMarker === undefined) return cleared;
    const idMarker = textOf(answer.element, 'NextUploadIdMarker') ?? '';
    markers = { 'key-marker': decodeKey(keyMarker), 'upload-id-marker': idMarker };
  }
}

async function giveUp(client: S3Client, key: string, id: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const asked = `to give up an upload of ${key}`;
    await client.request({ method: 'DELETE', key, query: { uploadId: id }, asked, allow: [404], signal });
    return true;
  } catch (error) {
    // Without the right to do so, nothing changes.
    if (error instanceof BackupError && error.code === 'PERMISSION') return false;
    throw error;
  }
}
