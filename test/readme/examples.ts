/** The programs that README and docs/api.md quote. The tests compile them and run them. */
// #region import
import {
  BackupError,
  createSnapshot,
  listEntries,
  openEntry,
  recoverStateDir,
  restoreSnapshot,
  verifySnapshot,
} from 'oxios-backup';
// #endregion

import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';

// #region create
export async function backUp(stateDir: string, folder: string): Promise<void> {
  const { output, complete, statuses } = await createSnapshot({ stateDir, output: { folder } });
  console.log(`${output} is made and sealed`);
  // It lacks files that could not be read, and names them.
  if (!complete) console.warn(statuses);
}
// #endregion

// #region restore
export async function restore(snapshot: string, stateDir: string, signal: AbortSignal): Promise<string | null> {
  const { previousState } = await restoreSnapshot({
    snapshot,
    stateDir,
    mode: 'replace',
    signal,
    onEvent: (event) => {
      if (event.type === 'notice') console.warn(event.path ?? '', event.message);
      if (event.type !== 'progress' || event.totalBytes === undefined) return;
      console.log(`${event.phase}: ${event.bytes} of ${event.totalBytes} bytes`);
    },
  });
  return previousState;
}
// #endregion

// #region errors
export async function restoreOrExplain(snapshot: string, stateDir: string): Promise<string> {
  try {
    await restoreSnapshot({ snapshot, stateDir });
    return 'restored';
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    if (error.kind === 'invalid') return `Use another snapshot: ${error.message}`;
    switch (error.code) {
      case 'ABORTED':
        return 'Nothing was changed.';
      case 'TARGET_NOT_EMPTY':
        return `Choose the mode "replace" or "merge": ${error.path} has content.`;
      case 'NEEDS_RECOVERY':
        return `Recovered: ${(await recoverStateDir({ stateDir })).outcome}`;
      default:
        return `${error.message}. ${error.hint ?? ''}`;
    }
  }
}
// #endregion

// #region http
export function snapshotServer(stateDir: string): Server {
  return createServer(async (_request, response) => {
    // A client that goes away ends the work.
    const controller = new AbortController();
    response.once('close', () => controller.abort());
    response.setHeader('Content-Type', 'application/gzip');
    try {
      await createSnapshot({ stateDir, output: response, signal: controller.signal });
      response.end();
    } catch (error) {
      console.error(error);
      // What was sent has no seal, so nothing takes it for a snapshot. Say so all the same.
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    }
  });
}
// #endregion

// #region download
export async function restoreFrom(url: string, stateDir: string): Promise<void> {
  const { body } = await fetch(url);
  if (body === null) throw new Error('the response has no body');
  await restoreSnapshot({ snapshot: body, stateDir });
}
// #endregion

// #region look
export async function readSessions(snapshot: string): Promise<string[]> {
  const { valid, problems } = await verifySnapshot({ snapshot });
  if (!valid) throw new Error(problems[0]?.message);
  const sessions: string[] = [];
  for await (const { path, type } of listEntries({ snapshot, sections: ['sessions'] })) {
    if (type === 'file') sessions.push(await text(openEntry({ snapshot, path })));
  }
  return sessions;
}
// #endregion
