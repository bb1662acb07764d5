export type { LeftOut } from './capture/capture-report.ts';
export type { Verdict } from './capture/verdict.ts';
export { isLoss } from './capture/verdict.ts';
export type { Aspect, Change } from './compare/change.ts';
export { compareWithDirectory, type DirectoryComparison } from './compare/compare-with-directory.ts';
export { type DiffOptions, diffSnapshots } from './compare/diff-snapshots.ts';
export type { Difference, SectionDifference, Unreadable } from './compare/difference.ts';
export { type BackupPlan, type Notice, type PlanBackupOptions, planBackup } from './compare/plan-backup.ts';
export { planRestore, type Refusal, type RestorePreview } from './compare/plan-restore.ts';
export { type CreateResult, createBackup } from './create/create-backup.ts';
export type { CreateOptions, CreateOutput } from './create/create-options.ts';
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
export { printable } from './format/printable.ts';
export { listEntries } from './inspect/list-entries.ts';
export { type SnapshotSummary, showSnapshot } from './inspect/show-snapshot.ts';
export { writeEntry } from './inspect/write-entry.ts';
export type { Problem } from './read/problem.ts';
export type { SelectionOptions } from './read/selection.ts';
export type { ExternalLink, ExternalLinks } from './restore/external-links.ts';
export { type DiscardOptions, type DiscardReport, discardUndo } from './restore/publish/discard.ts';
export type { SnapshotOrigin } from './restore/publish/history.ts';
export { type KeptTree, type ListedTree, listKept } from './restore/publish/kept-trees.ts';
export { type RecoverOptions, type RecoverReport, recoverStateDir } from './restore/publish/recover.ts';
export { type UndoOptions, type UndoReport, undoRestore } from './restore/publish/undo.ts';
export { type RestoreOptions, type RestoreResult, restoreBackup } from './restore/restore-backup.ts';
export type { LostEntry } from './restore/salvage/salvage-writer.ts';
export { type SalvageOptions, type SalvageResult, salvageSnapshot } from './restore/salvage.ts';
export type { HeldAmount } from './shelf/drops.ts';
export { listSnapshots } from './shelf/list-snapshots.ts';
export type { PruneGroup, UntouchedReason } from './shelf/prune-plan.ts';
export { type PruneOptions, type PruneResult, pruneSnapshots } from './shelf/prune-snapshots.ts';
export type { KeepReason, RetentionPolicy } from './shelf/retention.ts';
export type { ShelfSource, ShelvedSnapshot } from './shelf/shelved-snapshot.ts';
export { type NewestSnapshots, newestSnapshots, type Shrinkage, shrinkageOf } from './shelf/shrinkage.ts';
export { type ShelfVerification, type ShelfVerifyResult, verifyShelf } from './shelf/verify-shelf.ts';
export type { Neighbour } from './state/neighbours.ts';
export { CATEGORIES } from './state/sections.ts';
export { defaultSnapshotName } from './state/snapshot-name.ts';
export { StateStore } from './state/state-store.ts';
export { type VerifyOptions, type VerifyResult, verifySnapshot } from './verify/verify-snapshot.ts';
