import type { Reporter, TestModule } from 'vitest/node';
import type { CaseCount } from './case-counter.ts';

/** Prints behind everything else what was tried and what held. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts: CaseCount[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { counter } = test.meta();
        if (counter !== undefined) counts.push(counter);
      }
    }
    if (counts.length === 0) return;
    const width = Math.max(...counts.map(({ promise }) => promise.length));
    const row = (promise: string, tried: string | number, held: string | number, broken: string | number) =>
      `${promise.padEnd(width)}  ${String(tried).padStart(8)}  ${String(held).padStart(8)}  ${String(broken).padStart(6)}`;
    const sum = (of: (count: CaseCount) => number) => counts.reduce((total, count) => total + of(count), 0);
    const lines = [
      row('promise', 'tried', 'held', 'broken'),
      ...counts.map(({ promise, tried, held }) => row(promise, tried, held, tried - held)),
      row(
        'all',
        sum(({ tried }) => tried),
        sum(({ held }) => held),
        sum(({ tried, held }) => tried - held),
      ),
    ];
    process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}
