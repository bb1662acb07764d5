import type { Entry } from '../format/entry.ts';
import { comparePaths } from '../format/path-order.ts';
import type { Selection } from '../patterns/selection.ts';
import { visitForeign } from '../read/foreign/read-foreign.ts';
import type { ForeignArchive } from '../read/open-snapshot.ts';
import { HERE } from '../system/platform.ts';
import { externalLinksOf } from './external-links.ts';
import { extractForeign, type ForeignSurvey, surveyForeign } from './extract-foreign.ts';
import type { ContentsOptions, PlannedContents } from './planned-contents.ts';
import { refuseProblems } from './refuse-problems.ts';
import { separatedNotices } from './stray-side-files.ts';

/** Many programs write times of whole seconds. */
const TIME_UNIT_NS = 1_000_000_000;

/**
 * Plans what is to be written of a foreign archive, which is read to its end for it. All of it is validated, whatever is wanted.
 *
 * @throws BackupError with the first thing that is wrong; `ENTRY_NOT_FOUND` when nothing is wanted
 */
export async function planForeign(
  archive: ForeignArchive,
  selection: Selection | null,
  { signal }: ContentsOptions,
): Promise<PlannedContents> {
  const survey = await surveyForeign(archive, selection, signal);
  const { validator } = survey.archiveValidator;
  validator.validateManifest(archive.manifest);
  refuseProblems(validator);
  let entries: Entry[] | null = null;
  const wants = (path: string) => selection?.wants(path, false) ?? true;
  return {
    manifest: archive.manifest,
    sealed: false,
    size: { entries: survey.entries, files: survey.files, bytes: survey.bytes, holes: survey.holes },
    external: externalLinksOf(validator, HERE.os).filter(({ path }) => wants(path)),
    unusual: survey.unusual,
    holds: validator.counts,
    notices: [
      ...survey.archiveValidator.notices(),
      ...separatedNotices(() => survey.archiveValidator.paths(), selection),
    ],
    statuses: [],
    directory: null,
    timeUnit: TIME_UNIT_NS,
    paths: () => [survey.archiveValidator.paths()],
    symlinks: async () => [...validator.symlinks.keys()].filter(wants),
    bytesOfCopies: async () => 0,
    async *entries() {
      entries ??= await foreignEntries(archive, selection, survey, signal);
      yield entries;
    },
    extract: (tree, options) => extractForeign(archive, selection, survey, tree, options),
    close: async () => {},
  };
}

/** All of them at once, for their order in the archive is free. */
async function foreignEntries(
  { source }: ForeignArchive,
  selection: Selection | null,
  { extra }: ForeignSurvey,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  const planned: Entry[] = [];
  const collector = {
    begin(entry: Entry) {
      const wanted = selection?.wants(entry.path, entry.type === 'directory') ?? true;
      if (wanted || extra.has(entry.path)) planned.push(entry);
    },
    part() {},
    end() {},
  };
  await visitForeign(source, collector, HERE.os, signal);
  return planned.sort((a, b) => comparePaths(a.path, b.path));
}
