export type { LeftOut } from './capture/capture-report.ts';
export type { Verdict } from './capture/verdict.ts';
export { isLoss } from './capture/verdict.ts';
export { type CreateOptions, type CreateResult, createBackup } from './create/create-backup.ts';
export {
  BackupError,
  type BackupErrorDetails,
  ERROR_CODES,
  type ErrorCode,
  EXIT_STATUS,
  type ExitStatus,
} from './errors.ts';
export type { BackupEvent, OperationOptions, Phase } from './events.ts';
export type { Entry, EntryType } from './format/entry.ts';
export type { RecordedVerdict, Totals } from './format/index-root.ts';
export type { Manifest, ManifestSection } from './format/manifest.ts';
export type { Problem } from './read/problem.ts';
export {
  type ExternalLinks,
  type RestoreOptions,
  type RestoreResult,
  restoreBackup,
} from './restore/restore-backup.ts';
export { CATEGORIES } from './state/sections.ts';
export { StateStore } from './state/state-store.ts';
export { type VerifyOptions, type VerifyResult, verifySnapshot } from './verify/verify-snapshot.ts';
