import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with one plain line, for programs that read it. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    // A file that could not be loaded, or a test that was cut off, proves nothing.
    const broken = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length;
    const { passed, skipped } = count;
    process.stdout.write(`\n${passed} passed, ${count.failed + count.pending + broken} failed, ${skipped} skipped\n`);
  }
}
