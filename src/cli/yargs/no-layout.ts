/**
 * Takes the place of `cliui` in the bundle. yargs lays out its own help with every command, which is never shown; loading that package and
 * drawing with it would take longer than all else that a command does at its start.
 */
export default function cliui(): Record<'div' | 'span' | 'resetOutput' | 'toString', () => string> {
  return { div: nothing, span: nothing, resetOutput: nothing, toString: nothing };
}

function nothing(): string {
  return '';
}
