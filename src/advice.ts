import type { ErrorCode } from './errors.ts';

/** What an error that others name means here, and what to do. */
export interface Advice {
  code: ErrorCode;
  hint: string;
}

/**
 * Makes a table of advice.
 *
 * @param hints by the code that an error becomes, and by the name that it has where it comes from
 * @returns by that name
 */
export function adviceByName(
  hints: Partial<Record<ErrorCode, Readonly<Record<string, string>>>>,
): ReadonlyMap<string, Advice> {
  const advice = new Map<string, Advice>();
  for (const [code, byName] of Object.entries(hints)) {
    for (const [name, hint] of Object.entries(byName)) advice.set(name, { code: code as ErrorCode, hint });
  }
  return advice;
}
