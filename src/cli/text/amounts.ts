const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** A size for people: `512 B`, `1.4 KiB`, `23 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  // What would round to 1024 is one of the next unit.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`;
}

/** A number with its noun: `1 file`, `20,000 files`, `3 entries`. */
export function count(
  number: number,
  noun: string,
  plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`,
): string {
  return `${formatNumber(number)} ${number === 1 ? noun : plural}`;
}

/** A number with its thousands apart. */
export function formatNumber(number: number): string {
  // Not Intl.NumberFormat: its making costs more than all that is ever formatted here.
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** A length of time: `0.4 s`, `12 s`, `3:07 min`, `1:02:03 h`. */
export function formatDuration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number) => String(value % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds)} min`;
  return `${Math.floor(minutes / 60)}:${two(minutes)}:${two(seconds)} h`;
}

/** A moment in the local time zone, which it names: `2026-11-22 10:57:28+01:00`. */
export function formatTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  // Of old dates it may be no whole number of minutes.
  const ahead = -Math.round(date.getTimezoneOffset());
  const zone = `${two(Math.floor(Math.abs(ahead) / 60))}:${two(Math.abs(ahead) % 60)}`;
  return `${day} ${time}${ahead < 0 ? '-' : '+'}${zone}`;
}
