export type { ExcludedPath } from './capture/capture-report.ts';
export type { HeldAmount } from './catalog/drops.ts';
export { type FindLatestOptions, findLatest, type LatestSnapshot, type PassedOver } from './catalog/find-latest.ts';
export { listSnapshots } from './catalog/list-snapshots.ts';
export type { PruneGroup, UntouchedReason } from './catalog/prune-plan.ts';
export { type PruneOptions, type PruneResult, pruneSnapshots } from './catalog/prune-snapshots.ts';
export type { KeepReason, RetentionPolicy } from './catalog/retention.ts';
export { type NewestSnapshots, newestSnapshots, type Shrinkage, shrinkageOf } from './catalog/shrinkage.ts';
export type { SnapshotInfo, StateSource } from './catalog/snapshot-info.ts';
export { type SnapshotVerification, type VerifyFolderResult, verifyFolder } from './catalog/verify-folder.ts';
export type { Aspect, Change } from './compare/change.ts';
export {
  type CompareOptions,
  compareWithDirectory,
  type DirectoryComparison,
} from './compare/compare-with-directory.ts';
export { type DiffOptions, diffSnapshots } from './compare/diff-snapshots.ts';
export type { Difference, DifferenceTotals, SectionDifference, Unreadable } from './compare/difference.ts';
export { planRestore, type Refusal, type RestorePreview } from './compare/preview-restore.ts';
export type { ContentDifference, FileTotals, SectionCount } from './create/compare-backup.ts';
export type { CreateOptions, CreateOutput, CreateSnapshotOptions, PackingOptions } from './create/create-options.ts';
export { type CreateResult, createSnapshot } from './create/create-snapshot.ts';
export { type ImportOptions, type ImportResult, importBackup } from './create/import-backup.ts';
export { type PlanSnapshotOptions, planSnapshot, type SnapshotPlan } from './create/plan-snapshot.ts';
export type { ParentDamage } from './create/reuse/parent.ts';
export type { ReuseReport } from './create/reuse/reuse-session.ts';
export { BackupError, type BackupErrorDetails, ERROR_CODES, type ErrorCode, type ErrorKind } from './errors.ts';
export type { BackupEvent, Notice, OperationOptions, Phase } from './events.ts';
export type { Entry, EntryType } from './format/entry.ts';
export type { FileStatus } from './format/file-status.ts';
export { isIncomplete } from './format/file-status.ts';
export type { RecordedStatus, Totals } from './format/index-root.ts';
export type { Manifest, ManifestSection } from './format/manifest.ts';
export { printable } from './format/printable.ts';
export { type ListOptions, listEntries } from './inspect/list-entries.ts';
export { type OpenEntryOptions, openEntry } from './inspect/open-entry.ts';
export { type SnapshotSummary, showSnapshot } from './inspect/show-snapshot.ts';
export type { FolderOption, StateDirOption } from './options.ts';
export { createBackup, restoreBackup } from './oxios-calls.ts';
export type { SelectionOptions } from './patterns/selection.ts';
export type { RestoreResult } from './restore/execute-restore.ts';
export type { ExternalLink, ExternalLinks } from './restore/external-links.ts';
export type { Room, SpaceCheck } from './restore/free-space.ts';
export { type RestoreOptions, type RestoreSnapshotOptions, restoreSnapshot } from './restore/restore-snapshot.ts';
export type { LostEntry } from './restore/salvage/salvage-writer.ts';
export { type SalvageOptions, type SalvageResult, salvageSnapshot } from './restore/salvage.ts';
export type { RestoreMode } from './state-dir/commit/commit-tree.ts';
export type { Neighbour } from './state-dir/neighbours.ts';
export { type RecoverOptions, type RecoverReport, recoverStateDir } from './state-dir/recover/recover.ts';
export { CATEGORIES } from './state-dir/sections.ts';
export { StateStore } from './state-dir/state-store.ts';
export { type DiscardOptions, type DiscardReport, discardUndo } from './state-dir/undo/discard.ts';
export type { SnapshotOrigin } from './state-dir/undo/history.ts';
export {
  findPrevious,
  type ListedTree,
  listPrevious,
  type PreviousState,
  type UndoProgress,
} from './state-dir/undo/previous-states.ts';
export { type UndoOptions, type UndoReport, undoRestore } from './state-dir/undo/undo.ts';
export type { SnapshotInput, SnapshotOption } from './storage/open-reader.ts';
export type { RangeReader } from './storage/range-reader.ts';
export type { Problem } from './validate/problem.ts';
export { type VerifyOptions, type VerifyResult, verifySnapshot } from './verify/verify-snapshot.ts';
