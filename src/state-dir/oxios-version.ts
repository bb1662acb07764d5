import { execFile } from 'node:child_process';

/** What a manifest says when no version could be found. */
const UNKNOWN_VERSION = 'unknown';

/** A program on the PATH that hangs must not hold up a backup. */
const ASK_TIMEOUT_MS = 2000;

// https://semver.org, with a build suffix and a leading "v" allowed around it.
const SEMVER = /(?<![\w.])v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)(?![\w.])/;

/**
 * Version of Oxios whose state is being saved: what the caller says, else `OXIOS_VERSION`, else what the `oxios` on the
 * PATH answers to `--version`, else `unknown`. Never fails.
 *
 * @param option what the caller says
 * @param environment where `OXIOS_VERSION` and `PATH` are looked up
 */
export async function findOxiosVersion(
  option: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  return option?.trim() || environment.OXIOS_VERSION?.trim() || (await askOxios(environment)) || UNKNOWN_VERSION;
}

function askOxios(environment: NodeJS.ProcessEnv): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { env: environment, timeout: ASK_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const;
    try {
      const child = execFile('oxios', ['--version'], options, (error, stdout) => {
        resolve(error ? null : (SEMVER.exec(stdout)?.[1] ?? null));
      });
      child.stdin?.end();
    } catch {
      // Node may start no programs (--permission).
      resolve(null);
    }
  });
}
