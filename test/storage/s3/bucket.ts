import { S3Client } from '../../../src/storage/s3/s3-client.ts';
import { parseS3Location } from '../../../src/storage/s3/s3-location.ts';
import { Gateway, OWNER } from './gateway.ts';

/** A client of a bucket of the server, with the rights of its owner. */
export function ownerClient(gateway: Gateway, bucket: string): S3Client {
  return new S3Client(parseS3Location(`s3://${bucket}`, { endpoint: gateway.endpoint }), async () => ({
    accessKeyId: OWNER.AWS_ACCESS_KEY_ID,
    secretAccessKey: OWNER.AWS_SECRET_ACCESS_KEY,
  }));
}

/** Starts a server, and makes a bucket in it. */
export async function startWithBucket(bucket: string): Promise<Gateway> {
  const gateway = await Gateway.start();
  await ownerClient(gateway, bucket).request({ method: 'PUT', asked: 'to make the bucket' });
  return gateway;
}
