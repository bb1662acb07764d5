import { judgeSnapshot } from '../read/judge-snapshot.ts';
import type { SealedSnapshot, UnsealedSnapshot } from '../read/open-snapshot.ts';
import { problemError } from '../read/problem.ts';
import type { ReadPool } from '../read/read-pool.ts';
import type { Selection } from '../read/selection.ts';
import type { SnapshotJudge } from '../read/snapshot-judge.ts';
import type { UnusualNames } from '../read/unusual-names.ts';
import { HERE } from '../state/platform.ts';
import { type ExternalLink, externalLinksOf } from './external-links.ts';
import { surveyUnsealed, type UnsealedSurvey } from './extract-unsealed.ts';
import { planSelection } from './plan-selection.ts';
import { type ExtractionPlan, planAll } from './restore-plan.ts';

/** What is to be written of a sealed snapshot, and that nothing is wrong with it as far as the index tells. */
export interface SealedDecision {
  plan: ExtractionPlan;
  /** Links that lead out of the state directory, among what is to be written. */
  external: ExternalLink[];
  /** Names among what is to be written that not every file system holds. */
  unusual: UnusualNames;
}

/** The same of an archive from elsewhere, which was read to its end for it. */
export interface UnsealedDecision {
  survey: UnsealedSurvey;
  external: ExternalLink[];
}

/**
 * Judges what is wanted of a sealed snapshot, by its index, for this platform.
 *
 * @throws BackupError with the first thing that is wrong; `ENTRY_NOT_FOUND` when nothing is wanted
 */
export async function decideSealed(
  snapshot: SealedSnapshot,
  selection: Selection | null,
  pool: ReadPool,
  signal: AbortSignal | undefined,
): Promise<SealedDecision> {
  if (selection !== null) return planSelection(snapshot, selection, HERE.os);
  const judge = await judgeSnapshot(snapshot, pool, signal);
  refuseProblems(judge);
  return {
    plan: planAll(snapshot, judge.holes),
    external: externalLinksOf(judge, HERE.os),
    unusual: judge.unusual,
  };
}

/** The same for an archive from elsewhere. All of it is judged, whatever is wanted. */
export async function decideUnsealed(
  snapshot: UnsealedSnapshot,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): Promise<UnsealedDecision> {
  const survey = await surveyUnsealed(snapshot, selection, signal);
  const { judge } = survey.book;
  judge.judgeManifest(snapshot.manifest);
  refuseProblems(judge);
  const external = externalLinksOf(judge, HERE.os);
  return { survey, external: external.filter(({ path }) => selection?.wants(path, false) ?? true) };
}

function refuseProblems({ problems: [problem] }: SnapshotJudge): void {
  if (problem !== undefined) throw problemError(problem);
}
