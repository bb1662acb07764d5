/** Takes the place of `string-width` in the bundle: only the layout of yargs's own help, which is never shown, depends on it. */
export default function stringWidth(text: string): number {
  return text.length;
}
