/** Takes the place of `node:assert` in the bundle, of which yargs uses these two to check its own state. */
export function strictEqual(actual: unknown, expected: unknown, message?: string): void {
  if (!Object.is(actual, expected)) throw new Error(message ?? `${actual} is not ${expected}`);
}

/** The same for values that must differ. */
export function notStrictEqual(actual: unknown, expected: unknown, message?: string): void {
  if (Object.is(actual, expected)) throw new Error(message ?? `${actual} must be something else`);
}
