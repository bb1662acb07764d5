/** A program of somebody who has installed the package: `consumer.js STATE_DIR SNAPSHOT TARGET`, its findings as JSON. */
import {
  type BackupEvent,
  createBackup,
  type RestoreResult,
  restoreBackup,
  StateStore,
  verifySnapshot,
} from 'oxios-backup';

const [stateDir, snapshot, target] = process.argv.slice(2);
if (stateDir === undefined || snapshot === undefined || target === undefined) throw new TypeError('three paths');

const phases = new Set<string>();
const onEvent = (event: BackupEvent): void => {
  if (event.type === 'phase') phases.add(event.phase);
};

const { manifest, complete } = await createBackup(new StateStore(stateDir), snapshot, { onEvent });
const { valid } = await verifySnapshot({ snapshot });
const { restored }: RestoreResult = await restoreBackup(new StateStore(target), snapshot);
const names: string[] = manifest.sections.map(({ name }) => name);
console.log(JSON.stringify({ complete, valid, names, restored, phases: phases.size }));
