import { createRequire } from 'node:module';
import os from 'node:os';
import { allProgramVersions } from '../peers/programs.ts';

/** Where figures come from: without it they mean little. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly zlib: string;
  /** By program; `absent` for those that are not installed. */
  readonly programs: Readonly<Record<string, string>>;
}

export function describeMachine(): MachineFacts {
  const nodeTar = createRequire(import.meta.url)('tar/package.json') as { version: string };
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    zlib: process.versions.zlib ?? 'unknown',
    programs: { ...allProgramVersions(), 'node-tar': nodeTar.version },
  };
}
