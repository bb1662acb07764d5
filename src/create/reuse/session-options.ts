import type { OperationOptions } from '../../events.ts';
import { stableHostName } from '../../system/host-name.ts';
import { compressionOf } from '../compress.ts';
import type { CreateOptions } from '../create-options.ts';
import { newestOf } from './choose-parent.ts';
import type { ReuseReport, ReuseSessionOptions } from './reuse-session.ts';

/**
 * What is copied from where, by the options of the caller.
 *
 * @param root absolute path of the state directory
 * @param folder folder whose newest snapshot of the same source is the parent, unless the caller names one; null for none
 * @param remember whether the snapshot that is made may be a parent
 */
export function sessionOptions(
  root: string,
  folder: string | null,
  remember: boolean,
  options: CreateOptions,
): ReuseSessionOptions {
  const { parent, rescan = false, level, host = stableHostName(), signal, onEvent } = options;
  const newest = folder === null ? null : () => newestOf({ hostname: host, stateDir: root }, folder, options);
  return {
    root,
    parent: parent === undefined ? newest : parent,
    rescan,
    remember,
    compression: compressionOf(level ?? null),
    ...(signal && { signal }),
    ...(onEvent && { onEvent }),
  };
}

/** Says what of a parent is damaged, for it is the snapshot of another day. */
export function noteDamage(reuse: ReuseReport | null, { onEvent }: OperationOptions): void {
  for (const { message } of reuse?.damage ?? [])
    onEvent?.({
      type: 'notice',
      path: reuse?.parent ?? '',
      message: `the parent is damaged: ${message}; that was made afresh`,
    });
}
