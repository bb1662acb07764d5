import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./ceph-gateway.sh', import.meta.url));
const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'python3'];

/** Why the tests with a real S3 server cannot run here; null when they can. */
export const noGateway: string | null =
  PROGRAMS.map((name) =>
    spawnSync('sh', ['-c', `command -v ${name}`]).status === 0 ? null : `${name} is not installed`,
  ).find((reason) => reason !== null) ?? null;

/** Environment of a client that may do everything in the server. */
export const OWNER = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'testsecret', HOME: '/nonexistent' };
/** And of one that may do only what a bucket's policy says. */
export const STRANGER = { AWS_ACCESS_KEY_ID: 'may-not', AWS_SECRET_ACCESS_KEY: 'testsecret2', HOME: '/nonexistent' };

/** A real S3 server on loopback: Ceph's gateway with an object store in memory. */
export class Gateway {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async start(): Promise<Gateway> {
    const folder = mkdtempSync(join(tmpdir(), 'oxios-backup-ceph-'));
    const port = await freePort();
    const child = spawn('bash', [SCRIPT, folder, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) if (line === 'ready') return new Gateway(port, child, folder);
    throw new Error(`the S3 server did not start:\n${outputs(folder)}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function outputs(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.out'));
  return files.map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8').slice(-2000)}`).join('\n');
}

/** Two neighbouring ports, of which the first is returned: the monitor takes the other. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOn(0);
    if ((await listenOn(port + 1)) === port + 1) return port;
  }
}

function listenOn(port: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(-1));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : -1));
    });
  });
}
