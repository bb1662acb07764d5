import type { Reporter, TestModule, TestSuite } from 'vitest/node';

/** Ends the output with one plain line, for programs that read it. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    // What fails outside of a test: an error that nobody caught, a file that does not load, a hook.
    let broken = unhandled.length;
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      for (const suite of [module, ...module.children.allSuites()]) broken += isBroken(suite) ? 1 : 0;
    }
    const failed = count.failed + count.pending + broken;
    process.stdout.write(`\n${count.passed} passed, ${failed} failed, ${count.skipped} skipped\n`);
  }
}

function isBroken(suite: TestModule | TestSuite): boolean {
  return suite.errors().length > 0;
}
