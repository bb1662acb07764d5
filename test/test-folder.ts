import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/**
 * Where tests make their folders: what `OXIOS_TEST_FOLDER` says, so that a suite runs on another file system too. Else in memory where that
 * can be: a sync of a real disk waits for everybody else who writes to it.
 */
export const TEST_FOLDER = process.env.OXIOS_TEST_FOLDER ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

/** The same, but on a disk: not every file system in memory has extended attributes. */
export const DISK_FOLDER = process.env.OXIOS_TEST_FOLDER ?? tmpdir();

/** Whether the suite runs once more on other ground: then with few cases, and times may be whole seconds there. */
export const ON_OTHER_GROUND = process.env.OXIOS_TEST_FOLDER !== undefined;
