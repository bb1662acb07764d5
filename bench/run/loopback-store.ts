import { startWithBucket } from '../../test/storage/s3/bucket.ts';
import { FaultyProxy } from '../../test/storage/s3/faulty-proxy.ts';
import { type Gateway, OWNER } from '../../test/storage/s3/gateway.ts';

const BUCKET = 'bench';

/** What a command had to do with a store. */
export interface Traffic {
  readonly requests: number;
  /** Bytes of the bodies of its requests, and of the answers to them. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** A real S3 server on this machine, in memory, and how the commands that are measured find it. */
export class LoopbackStore {
  /** Changed by each start: commands that have it find the store that runs then. */
  readonly env: Record<string, string> = {
    ...{ AWS_ACCESS_KEY_ID: OWNER.AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: OWNER.AWS_SECRET_ACCESS_KEY },
    ...{ RESTIC_PASSWORD: 'bench', RCLONE_CONFIG_STORE_TYPE: 's3', RCLONE_CONFIG_STORE_PROVIDER: 'Ceph' },
    ...{ RCLONE_CONFIG_STORE_ENV_AUTH: 'true', RCLONE_S3_NO_CHECK_BUCKET: 'true' },
    // Of use to none of them here, and rclone stumbles over it.
    AWS_CA_BUNDLE: '',
  };
  #gateway: Gateway | null = null;
  #proxy: FaultyProxy | null = null;

  /** Starts an empty one in place of the one that runs. Commands reach it directly. */
  async start(): Promise<void> {
    await this.stop();
    this.#gateway = await startWithBucket(BUCKET);
    this.#lead(this.#gateway.endpoint);
  }

  /** Counts what passes between commands and the store from now on, until the next start. It costs time. */
  async beginCounting(): Promise<void> {
    if (this.#gateway === null) throw new Error('no store is running');
    this.#proxy ??= await FaultyProxy.start(this.#gateway.port);
    this.#lead(this.#proxy.endpoint);
    this.#proxy.reset();
  }

  /** What has passed since. */
  get traffic(): Traffic {
    const { sent, received } = this.#proxy?.traffic ?? { sent: 0, received: 0 };
    return { requests: this.#proxy?.seen.length ?? 0, sentBytes: sent, receivedBytes: received };
  }

  async stop(): Promise<void> {
    await this.#proxy?.stop();
    await this.#gateway?.stop();
    this.#proxy = null;
    this.#gateway = null;
  }

  #lead(endpoint: string): void {
    this.env.AWS_ENDPOINT_URL = endpoint;
    this.env.RESTIC_REPOSITORY = `s3:${endpoint}/${BUCKET}/restic`;
    this.env.RCLONE_CONFIG_STORE_ENDPOINT = endpoint;
  }
}

/** The folder of snapshots in the store. */
export const STORE_FOLDER = `s3://${BUCKET}/ours`;
/** An archive in the store, as rclone names it. */
export const STORE_ARCHIVE = `store:${BUCKET}/rclone/archive.tar.gz`;
