import { describe, expect, it } from 'vitest';
import { parseS3Location, printableLocation } from '../../../src/storage/s3/s3-location.ts';

describe('an s3:// address', () => {
  it.each([
    ['s3://bucket', '', 's3://bucket'],
    ['s3://bucket/', '', 's3://bucket'],
    ['s3://bucket/a/b/', 'a/b/', 's3://bucket/a/b'],
    ['s3://bucket/a b+c%20#ü', 'a b+c%20#ü/', 's3://bucket/a b+c%20#ü'],
  ])('%s has the prefix "%s"', (url, prefix, printed) => {
    const location = parseS3Location(url, {});
    expect(location).toMatchObject({ bucket: 'bucket', prefix, endpoint: null, region: null, pathStyle: false });
    expect(printableLocation(location)).toBe(printed);
  });

  it('takes endpoint and region from its query before the settings', () => {
    const settings = { endpoint: 'https://settings.example', region: 'there' };
    const named = parseS3Location('s3://bucket/x?endpoint=https://query.example&region=here', settings);
    expect(named).toMatchObject({ region: 'here', pathStyle: true });
    expect(named.endpoint?.host).toBe('query.example');
    const unnamed = parseS3Location('s3://bucket/x', settings);
    expect(unnamed).toMatchObject({ region: 'there', pathStyle: true });
    expect(unnamed.endpoint?.host).toBe('settings.example');
  });

  it('names the bucket in the path where a host name cannot', () => {
    expect(parseS3Location('s3://my.bucket', {}).pathStyle).toBe(true);
    expect(parseS3Location('s3://my.bucket?path-style=false', {}).pathStyle).toBe(false);
    expect(parseS3Location('s3://bucket', { pathStyle: true }).pathStyle).toBe(true);
  });

  it.each([
    's3://',
    's3:///prefix',
    's3://a/x',
    's3://bucket/a/../b',
    's3://bucket/./b',
    's3://bucket?endpoint=not-a-url',
    's3://bucket?endpoint=ftp://host',
    's3://bucket?endpoint=https://name:password@host',
    's3://bucket?path-style=maybe',
    's3://bucket?ednpoint=https://host',
  ])('is refused where it is not right: %s', (url) => {
    expect(() => parseS3Location(url, {})).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
