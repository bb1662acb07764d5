import { defineConfig } from 'vitest/config';

/** The long form takes the time that it takes. */
const LIMIT = process.env.OXIOS_TORTURE === '1' ? 0 : 120_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/cache-home.ts',
    testTimeout: LIMIT,
    hookTimeout: LIMIT,
    maxWorkers: 2,
    reporters: ['default', './test/torture/case-reporter.ts', './test/closing-line.ts'],
  },
});
