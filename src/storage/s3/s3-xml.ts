import { XMLParser } from 'fast-xml-parser';

/** Text or elements of an XML document as plain data; elements that may repeat are always lists. */
type Element = Record<string, unknown>;

const LISTS = new Set(['Contents', 'Upload', 'CommonPrefixes']);

// Names and numbers stay text: "1e5" and "007" are keys too.
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => LISTS.has(name),
});

/**
 * Parses an answer of the store.
 *
 * @returns the name of its root element and what is in it; null when it is no XML
 */
export function parseXml(bytes: Uint8Array): { root: string; element: Element } | null {
  try {
    const document = parser.parse(new TextDecoder().decode(bytes)) as Element;
    const root = Object.keys(document).find((name) => name !== '?xml');
    if (root === undefined) return null;
    const element = document[root];
    return { root, element: typeof element === 'object' && element !== null ? (element as Element) : {} };
  } catch {
    return null;
  }
}

/** The text of a child element, or undefined. */
export function textOf(element: Element, name: string): string | undefined {
  const value = element[name];
  return typeof value === 'string' ? value : undefined;
}

/** The child elements of a name. */
export function childrenOf(element: Element, name: string): Element[] {
  const value = element[name];
  return Array.isArray(value) ? value.filter((child) => typeof child === 'object' && child !== null) : [];
}

/** A key as it comes with `encoding-type=url`: a form's encoding, where `+` is a space. */
export function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
