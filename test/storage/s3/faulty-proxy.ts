import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is done to one request, instead of passing it on. */
export type Fault =
  | { kind: 'answer'; status: number; code: string; headers?: Record<string, string> }
  /** The connection is reset before the server hears of the request. */
  | { kind: 'reset before' }
  /** The server does what was asked, and its answer is lost. */
  | { kind: 'reset after' }
  /** Half of the answer comes, then the connection is reset. */
  | { kind: 'half' }
  /** The server does what was asked, and says it with these header fields changed. */
  | { kind: 'say'; headers: Record<string, string> };

/** A request as it came by. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  bytes: number;
  /** Bytes of the answer of the server. */
  received: number;
}

/** Stands between a client and an S3 server: counts and records the requests, and does to them what a test says. */
export class FaultyProxy {
  readonly seen: Seen[] = [];
  /** Asked for each request, with its number from 0 on; null lets it pass. */
  fault: (seen: Seen, number: number) => Fault | null = () => null;
  /** Awaited before each request is passed on. */
  hold: (seen: Seen, number: number) => Promise<void> = async () => {};
  readonly #server: Server;
  readonly #to: number;

  private constructor(to: number) {
    this.#to = to;
    this.#server = createServer((incoming, outgoing) => {
      // A client that was killed, or has given up.
      this.#pass(incoming, outgoing).catch(() => incoming.socket.destroy());
    });
  }

  static async start(to: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(to);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Bytes of all bodies, either way. */
  get traffic(): { sent: number; received: number } {
    const sum = (count: (seen: Seen) => number): number => this.seen.reduce((all, seen) => all + count(seen), 0);
    return { sent: sum(({ bytes }) => bytes), received: sum(({ received }) => received) };
  }

  /** Forgets what was seen, and lets everything pass. */
  reset(): void {
    this.seen.length = 0;
    this.fault = () => null;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = 'GET', url = '/', headers } = incoming;
    const seen: Seen = { method, url, headers, bytes: body.length, received: 0 };
    const number = this.seen.length;
    const fault = this.fault(seen, number);
    this.seen.push(seen);
    await this.hold(seen, number);
    if (fault?.kind === 'answer') {
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml', connection: 'close', ...fault.headers });
      outgoing.end(method === 'HEAD' ? '' : `<Error><Code>${fault.code}</Code><Message>a fault</Message></Error>`);
      return;
    }
    if (fault?.kind === 'reset before') {
      incoming.socket.destroy();
      return;
    }
    const forward = request({ host: '127.0.0.1', port: this.#to, method, path: url, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const whole = Buffer.concat(parts);
        seen.received = whole.length;
        if (fault?.kind === 'reset after') {
          incoming.socket.destroy();
          return;
        }
        const headers = fault?.kind === 'say' ? { ...answer.headers, ...fault.headers } : answer.headers;
        outgoing.writeHead(answer.statusCode ?? 500, headers);
        if (fault?.kind === 'half') {
          outgoing.write(whole.subarray(0, whole.length >> 1), () => incoming.socket.destroy());
          return;
        }
        outgoing.end(whole);
      });
    });
    forward.on('error', () => incoming.socket.destroy());
    forward.end(body);
  }
}
