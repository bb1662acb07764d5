/** A number that is not spelled as an integer, or that a double does not hold exactly. `JSON.stringify` writes its value. */
export class OtherNumber extends Number {
  /** As it is spelled. */
  readonly text: string;

  constructor(text: string) {
    super(text);
    this.text = text;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** By their first letter. */
const LITERALS = new Map<number, readonly [word: string, value: boolean | null]>([
  [0x74, ['true', true]],
  [0x66, ['false', false]],
  [0x6e, ['null', null]],
]);

/**
 * Parses JSON that has only one meaning: UTF-8 without a byte order mark, no key twice in an object, no half of a surrogate pair.
 * Integers in plain digits become numbers, all others `OtherNumber`.
 *
 * @param maxDepth most objects and arrays within each other
 * @throws SyntaxError, or the decoder's TypeError
 */
export function parseStrictJson(bytes: Uint8Array, maxDepth: number): unknown {
  return parseStrictText(decodeUtf8(bytes), maxDepth);
}

/** The same of text that is decoded already. @throws SyntaxError */
export function parseStrictText(text: string, maxDepth: number): unknown {
  return new JsonParser(text, maxDepth).parse();
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws the decoder's TypeError for bytes that are no UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

class JsonParser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  parse(): unknown {
    this.#skipSpace();
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(depth: number): unknown {
    const unit = this.#text.charCodeAt(this.#at);
    if (unit === QUOTE) return this.#string();
    if (unit === 0x5b) return this.#array(depth + 1);
    if (unit === 0x7b) return this.#object(depth + 1);
    if (unit === 0x2d || (unit >= 0x30 && unit <= 0x39)) return this.#number();
    const [word, value] = LITERALS.get(unit) ?? [];
    if (word === undefined || !this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  #array(depth: number): unknown[] {
    this.#enter(depth);
    const array: unknown[] = [];
    if (this.#ends(0x5d)) return array;
    do {
      this.#skipSpace();
      array.push(this.#value(depth));
    } while (this.#goesOn(0x5d));
    return array;
  }

  #object(depth: number): object {
    this.#enter(depth);
    const object: Record<string, unknown> = {};
    if (this.#ends(0x7d)) return object;
    do {
      this.#skipSpace();
      const key = this.#string();
      if (Object.hasOwn(object, key)) throw new SyntaxError(`the key ${JSON.stringify(key)} appears twice`);
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== 0x3a) throw this.#unexpected();
      this.#at++;
      this.#skipSpace();
      const value = this.#value(depth);
      // An assignment to `__proto__` would set the prototype.
      if (key !== '__proto__') object[key] = value;
      else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    } while (this.#goesOn(0x7d));
    return object;
  }

  #enter(depth: number): void {
    if (depth > this.#maxDepth) throw new SyntaxError(`it is more than ${this.#maxDepth} deep`);
    this.#at++;
    this.#skipSpace();
  }

  #ends(closing: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== closing) return false;
    this.#at++;
    return true;
  }

  /** Takes the comma before the next element, or what closes the list. */
  #goesOn(closing: number): boolean {
    this.#skipSpace();
    if (this.#ends(closing)) return false;
    if (!this.#ends(0x2c)) throw this.#unexpected();
    return true;
  }

  #string(): string {
    const text = this.#text;
    if (text.charCodeAt(this.#at) !== QUOTE) throw this.#unexpected();
    const start = this.#at;
    let escaped = false;
    for (let at = start + 1; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) {
        this.#at = at + 1;
        return escaped ? unescaped(text.slice(start, at + 1)) : text.slice(start + 1, at);
      }
      if (unit === BACKSLASH) {
        escaped = true;
        at++;
      } else if (unit < 0x20) {
        break;
      }
    }
    throw new SyntaxError(`a string at ${start} does not end`);
  }

  #number(): number | OtherNumber {
    const text = this.#text;
    const start = this.#at;
    NUMBER.lastIndex = start;
    const negative = text.charCodeAt(start) === 0x2d;
    let at = negative ? start + 1 : start;
    const first = at;
    let value = 0;
    for (let digit = text.charCodeAt(at) - 0x30; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 0x30)
      value = value * 10 + digit;
    const next = text.charCodeAt(at);
    const plain = next !== 0x2e && next !== 0x65 && next !== 0x45;
    const leadingZero = text.charCodeAt(first) === 0x30 && (at - first > 1 || negative);
    if (plain && !leadingZero && at > first && Number.isSafeInteger(value)) {
      this.#at = at;
      return negative ? -value : value;
    }
    const spelled = NUMBER.exec(text)?.[0];
    if (spelled === undefined) throw this.#unexpected();
    this.#at = start + spelled.length;
    return new OtherNumber(spelled);
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`it is no JSON from character ${this.#at} on`);
  }
}

function unescaped(literal: string): string {
  const text = JSON.parse(literal) as string;
  if (!text.isWellFormed()) throw new SyntaxError('a string holds half of a surrogate pair');
  return text;
}

/** Whether two values are equal, whatever the order of keys. Numbers that are not plain integers are compared as text. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (a instanceof OtherNumber || b instanceof OtherNumber)
    return a instanceof OtherNumber && b instanceof OtherNumber && a.text === b.text;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key as keyof typeof a], b[key as keyof typeof b]));
}

/** The same value with every number a number, as `JSON.parse` gives it. */
export function withPlainNumbers(value: unknown): unknown {
  if (value instanceof OtherNumber) return value.valueOf();
  if (Array.isArray(value)) return value.map(withPlainNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withPlainNumbers(each)]));
}
