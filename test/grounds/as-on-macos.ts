/** A set-up file: every module under test takes this machine for a Mac, where it asks for the platform it runs on. */
import { vi } from 'vitest';

vi.mock('../../src/system/platform.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/system/platform.ts')>();
  return { ...original, HERE: original.describePlatform('darwin', '23.0.0') };
});
