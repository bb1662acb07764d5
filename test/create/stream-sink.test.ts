import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { StreamSink } from '../../src/create/stream-sink.ts';

test('waiting for a slow reader leaves no listeners behind', async () => {
  const slow = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void setImmediate(done) });
  const listeners = () => ['drain', 'close', 'error'].map((event) => slow.listenerCount(event));
  const before = listeners();
  const sink = new StreamSink(slow);
  for (let i = 0; i < 20; i++) await sink.write(Buffer.alloc(100));
  await sink.publish();
  expect(listeners()).toEqual(before);
  expect(sink.position).toBe(2000);
});
