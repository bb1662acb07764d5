// Does one thing as a process of its own, to be struck by faults: prints what came of it as one line of JSON.
import { createBackup, restoreBackup, StateStore } from 'oxios-backup';

const [verb, from, to, mode] = process.argv.slice(2);
try {
  const result =
    verb === 'create'
      ? await createBackup(new StateStore(from), to, { threads: 1, sqlite: 'raw-copy' })
      : await restoreBackup(new StateStore(to), from, { threads: 1, mode });
  const paths = result.statuses.map(({ path }) => path);
  console.log(JSON.stringify({ ok: true, complete: result.complete, paths }));
} catch (error) {
  console.log(
    JSON.stringify({
      ok: false,
      name: error.name,
      code: error.code,
      errorKind: error.kind,
      message: error.message,
    }),
  );
  process.exitCode = 1;
}
