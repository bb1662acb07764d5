import { readFileSync } from 'node:fs';

/** What `npm run bench` writes of a goal. */
interface Goal {
  name: string;
  unit: 'ratio' | 'seconds' | 'bytes' | 'count';
  limit: number | null;
  measured: number | null;
  outcome: 'reached' | 'missed' | 'not measured';
}

interface Machine {
  processor: string;
  cores: number;
  node: string;
}

const RESULTS = new URL('../../bench/results/latest.json', import.meta.url);

/** The goals of the last measurement as a table of Markdown. */
export function figuresTable(): string {
  const { machine, targets } = JSON.parse(readFileSync(RESULTS, 'utf8')) as { machine: Machine; targets: Goal[] };
  const rows = targets.flatMap(({ name, unit, limit, measured, outcome }) =>
    measured === null || limit === null
      ? []
      : [`| ${name.replaceAll('|', '\\|')} | ${amount(measured, unit)} | ${amount(limit, unit)} | ${outcome} |`],
  );
  const on = `On ${machine.cores} cores of ${machine.processor}, with Node.js ${machine.node}:`;
  return [on, '', '| What | Measured | Goal: at most | |', '|---|---|---|---|', ...rows].join('\n');
}

function amount(value: number, unit: Goal['unit']): string {
  if (unit === 'ratio') return `${value.toFixed(2)} times`;
  if (unit === 'count') return String(value);
  if (unit === 'seconds') return `${value.toFixed(2)} s`;
  return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}
