/**
 * Mutators of which no change can be accepted, and so no reader is asked: they show that it is refused. All others are accepted at times,
 * which the test sees to.
 */
export const REFUSED_AMONG_FOREIGN: ReadonlySet<string> = new Set([
  // Readers differ on other versions, on bytes behind the prefix, on what pads a pax header, on two headers of a kind.
  'field magic',
  'field rest',
  'pax padding',
  'header twice',
  'zero block before it',
  'entry twice',
]);

/** In a sealed snapshot headers are compared with those made of the rows: no other byte is accepted. */
export const REFUSED_AMONG_SEALED: ReadonlySet<string> = new Set([
  'padding of content',
  'row size',
  // Of one manifest alone: the other says something else.
  'manifest',
  'index members',
  'member cut elsewhere',
  'digests of the seal',
  'behind the manifest',
  'header of the manifest',
]);
