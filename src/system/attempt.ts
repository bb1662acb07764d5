import { readdirSync } from 'node:fs';

/** What a question is answered by, or null where the system refuses to say. For what is better known, and not needed. */
export function attempt<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

/** The names in a directory; none where it cannot be listed, which is reported where something in it is needed. */
export function namesIn(directory: string): string[] {
  return attempt(() => readdirSync(directory)) ?? [];
}
