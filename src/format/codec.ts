/** What the format needs of the runtime that it is read or written in: of Node, of a browser, of a test. */
export interface Codec {
  /**
   * Inflates raw deflate data (RFC 1951) that must end where its bytes do.
   *
   * @param most bytes that it may inflate to
   * @param expected bytes that it will probably inflate to, to make room for
   * @returns the bytes, or null when something follows the data
   * @throws when the data does not inflate, or to more than `most`
   */
  inflate(deflated: Uint8Array, most: number, expected: number): Uint8Array | null;
  /** Deflates bytes into raw deflate data. */
  deflate(bytes: Uint8Array, level: number): Uint8Array;
  /** The CRC-32 of RFC 1952, as an unsigned number; of a text, of its UTF-8. */
  crc32(bytes: Uint8Array | string): number;
  /** Bytes in lower-case hexadecimal digits, for digests. */
  toHex(bytes: Uint8Array): string;
  /** The mirror of `toHex`. */
  fromHex(digits: string): Uint8Array;
}
