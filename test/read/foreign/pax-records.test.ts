import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ambiguity } from '../../../src/read/foreign/header-fields.ts';
import { parsePaxRecords } from '../../../src/read/foreign/pax-records.ts';
import { type PaxRecord, paxRecord } from '../../archives/tar-bytes.ts';

const body = (...records: PaxRecord[]) => Buffer.concat(records.map(paxRecord));

test('values come back whatever is in them, by their length in bytes', () => {
  const value = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => text.isWellFormed() && !text.includes('\0'));
  fc.assert(
    fc.property(value, value, (path, linkpath) => {
      expect(parsePaxRecords(body(['path', path], ['linkpath', linkpath], ['comment', path]), 'ours')).toEqual({
        path,
        linkpath,
      });
    }),
  );
  expect(parsePaxRecords(body(['path', 'a\n12 size=5\n'], ['size', '7']), 'ours')).toEqual({
    path: 'a\n12 size=5\n',
    size: 7,
  });
});

test('times have nanoseconds, before 1970 too', () => {
  const mtime = (text: string) => parsePaxRecords(body(['mtime', text]), 'next').mtime;
  expect(mtime('12')).toEqual({ seconds: 12, nanoseconds: 0 });
  expect(mtime('12.5')).toEqual({ seconds: 12, nanoseconds: 500_000_000 });
  expect(mtime('12.1234567899')).toEqual({ seconds: 12, nanoseconds: 123_456_789 });
  expect(mtime('-1')).toEqual({ seconds: -1, nanoseconds: 0 });
  expect(mtime('-0.25')).toEqual({ seconds: -1, nanoseconds: 750_000_000 });
});

test('what is not well formed, appears twice or is unknown is refused', () => {
  const wrong = [
    Buffer.from('x'),
    Buffer.from('5 a=b'),
    Buffer.from('99 path=a\n'),
    Buffer.from('0 path=a\n'),
    Buffer.from('09 path=a\n'),
    Buffer.from('-9 path=a\n'),
    Buffer.from('8 path=a\n'),
    Buffer.from('7 path\n'),
    Buffer.from('3 \n'),
    Buffer.concat([body(['path', 'a']), Buffer.alloc(3)]),
    body(['path', 'a'], ['path', 'b']),
    body(['path', '']),
    body(['path', 'a\0b']),
    body(['path', Buffer.from([0xff])]),
    body(['linkpath', '']),
    body(['size', '-1']),
    body(['size', '1e3']),
    body(['size', '99999999999999999999']),
    body(['size', '']),
    body(['uid', 'root']),
    body(['mtime', 'now']),
    body(['mtime', '1e9']),
    body(['GNU.sparse.major', '1']),
    body(['SCHILY.xattr.security.capability', 'b']),
    body(['LIBARCHIVE.xattr.security%2ecapability', 'b']),
    body(['hdrcharset', 'ISO-IR 8859 1 1998']),
    body(['path', 'a\nb']),
    body(['atime', 'now']),
    body(['comment', 'x\n12 path=bad\n']),
    body(['SCHILY.xattr.user.a', '21 hdrcharset=BINARY\n']),
  ];
  for (const bytes of wrong)
    expect(() => parsePaxRecords(bytes, 'next'), JSON.stringify(bytes.toString('latin1'))).toThrow(Ambiguity);
});

test('records for all entries may be comments alone', () => {
  expect(parsePaxRecords(body(['comment', 'c0ffee']), 'all')).toEqual({});
  for (const key of ['path', 'size', 'uid', 'mtime'])
    expect(() => parsePaxRecords(body([key, '5']), 'all')).toThrow(Ambiguity);
});

test('attributes that are not restored are known, whatever bytes they are', () => {
  for (const key of ['SCHILY.xattr.com.apple.FinderInfo', 'LIBARCHIVE.xattr.user.a', 'SCHILY.fflags'])
    expect(parsePaxRecords(body([key, Buffer.from([0, 0xff, 0x0a])]), 'next')).toEqual({ attributes: true });
});
