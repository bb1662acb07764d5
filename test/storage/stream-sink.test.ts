import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { StreamSink } from '../../src/storage/stream-sink.ts';

test('waiting for a slow reader leaves no listeners behind', async () => {
  const slow = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void setImmediate(done) });
  const listeners = () => ['drain', 'close', 'error'].map((event) => slow.listenerCount(event));
  const before = listeners();
  const sink = new StreamSink(slow);
  for (let i = 0; i < 20; i++) await sink.write(Buffer.alloc(100));
  await sink.commit();
  await sink.discard();
  expect(listeners()).toEqual(before);
  expect(sink.position).toBe(2000);
});

test('a stream that was given up in the middle is left as it was, once it has passed on what it was given', async () => {
  const pending: (() => void)[] = [];
  const slow = new Writable({ highWaterMark: 1000, write: (_chunk, _encoding, done) => void pending.push(done) });
  const listeners = () => slow.eventNames().length;
  const before = listeners();
  const sink = new StreamSink(slow);
  await sink.write(Buffer.alloc(100));
  await sink.discard();
  expect(listeners()).toBeGreaterThan(before);
  while (pending.length > 0) {
    pending.shift()?.();
    await new Promise(setImmediate);
  }
  expect(listeners()).toBe(before);
});

test('what fails of it after that is no uncaught error', async () => {
  const pending: ((error: Error) => void)[] = [];
  const broken = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void pending.push(done) });
  const sink = new StreamSink(broken);
  const writing = sink.write(Buffer.alloc(100));
  await sink.discard();
  pending.shift()?.(new Error('EPIPE'));
  await expect(writing).rejects.toMatchObject({ code: 'IO' });
  expect(broken.eventNames()).toEqual([]);
});

test('a stream that has nothing left to pass on is left at once', async () => {
  const taker = new Writable({ write: (_chunk, _encoding, done) => done() });
  const sink = new StreamSink(taker);
  await sink.write(Buffer.alloc(100));
  await sink.discard();
  expect(taker.eventNames()).toEqual([]);
});
