/** Foreign archives with one construct each that readers of tar are known, or suspected, to understand differently. */
import { ENDS } from './constructs/ends.ts';
import { GNU_NAMES } from './constructs/gnu-names.ts';
import { HEADERS } from './constructs/headers.ts';
import { MANIFESTS } from './constructs/manifests.ts';
import { NAMES } from './constructs/names.ts';
import { NUMBERS } from './constructs/numbers.ts';
import { PAX } from './constructs/pax.ts';
import { TYPES } from './constructs/types.ts';

export const CONSTRUCTS: Record<string, () => Buffer> = {
  ...NUMBERS,
  ...HEADERS,
  ...PAX,
  ...GNU_NAMES,
  ...TYPES,
  ...NAMES,
  ...ENDS,
  ...MANIFESTS,
};
