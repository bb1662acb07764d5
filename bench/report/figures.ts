/** `4.31 s`, `0.052 s`. */
export function formatSeconds(seconds: number): string {
  return `${seconds >= 10 ? seconds.toFixed(1) : seconds >= 0.2 ? seconds.toFixed(2) : seconds.toFixed(3)} s`;
}

/** `98.7 MB`, `12 KB`: decimal units. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes >= 1e8 ? 0 : 1)} MB`;
  return `${(bytes / 1e3).toFixed(0)} KB`;
}

/** A figure of a target, in its unit. */
export function formatFigure(value: number | null, unit: 'ratio' | 'seconds' | 'bytes' | 'count'): string {
  if (value === null) return '–';
  if (unit === 'ratio') return value.toFixed(3);
  if (unit === 'count') return String(value);
  return unit === 'seconds' ? formatSeconds(value) : formatBytes(value);
}
