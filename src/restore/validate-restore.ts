import type { Selection } from '../patterns/selection.ts';
import type { ForeignArchive, SealedSnapshot } from '../read/open-snapshot.ts';
import { problemError } from '../read/problem.ts';
import type { ReadPool } from '../read/read-pool.ts';
import type { SnapshotValidator } from '../read/snapshot-validator.ts';
import type { UnusualNames } from '../read/unusual-names.ts';
import { validateSnapshot } from '../read/validate-snapshot.ts';
import { HERE } from '../system/platform.ts';
import { type ExternalLink, externalLinksOf } from './external-links.ts';
import { type ForeignSurvey, surveyForeign } from './extract-foreign.ts';
import { planSelection } from './plan-selection.ts';
import { type ExtractionPlan, planAll } from './restore-plan.ts';

/** What is to be written of a sealed snapshot, and that nothing is wrong with it as far as the index tells. */
export interface ValidatedSealed {
  plan: ExtractionPlan;
  /** Links that lead out of the state directory, among what is to be written. */
  external: ExternalLink[];
  /** Names among what is to be written that not every file system holds. */
  unusual: UnusualNames;
}

/** The same of an archive from elsewhere, which was read to its end for it. */
export interface ValidatedForeign {
  survey: ForeignSurvey;
  external: ExternalLink[];
}

/**
 * Validates what is wanted of a sealed snapshot, by its index, for this platform.
 *
 * @throws BackupError with the first thing that is wrong; `ENTRY_NOT_FOUND` when nothing is wanted
 */
export async function validateSealedRestore(
  snapshot: SealedSnapshot,
  selection: Selection | null,
  pool: ReadPool,
  signal: AbortSignal | undefined,
): Promise<ValidatedSealed> {
  if (selection !== null) return await planSelection(snapshot, selection, HERE.os);
  const validator = await validateSnapshot(snapshot, pool, signal);
  refuseProblems(validator);
  return {
    plan: planAll(snapshot, validator.holes),
    external: externalLinksOf(validator, HERE.os),
    unusual: validator.unusual,
  };
}

/** The same for an archive from elsewhere. All of it is validated, whatever is wanted. */
export async function validateForeignRestore(
  snapshot: ForeignArchive,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): Promise<ValidatedForeign> {
  const survey = await surveyForeign(snapshot, selection, signal);
  const { validator } = survey.book;
  validator.validateManifest(snapshot.manifest);
  refuseProblems(validator);
  const external = externalLinksOf(validator, HERE.os);
  return { survey, external: external.filter(({ path }) => selection?.wants(path, false) ?? true) };
}

function refuseProblems({ problems: [problem] }: SnapshotValidator): void {
  if (problem !== undefined) throw problemError(problem);
}
