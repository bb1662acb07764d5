import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { FieldTree } from './field-tree.ts';

/** Whether file systems can be mounted here. */
export const CAN_MOUNT = process.getuid?.() === 0 && process.platform === 'linux' && mayMount();

function mayMount(): boolean {
  return spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 't', '/mnt']).status === 0;
}

function mount(tree: FieldTree, args: string[], at: string): void {
  const { status, stderr } = spawnSync('mount', [...args, at], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`);
  tree.cleanUps.push(() => {
    if (spawnSync('umount', [at]).status !== 0) spawnSync('umount', ['-l', at]);
  });
}

/**
 * File systems below the state directory: what is on them belongs to it.
 *
 * @returns the folder where one is mounted, to be filled
 */
export function plantMount(tree: FieldTree, folder: string, outside: string): string {
  const volume = tree.folder(`${folder}/volume-${tree.random.word()}`);
  mount(tree, ['-t', 'tmpfs', '-o', 'size=64m', 't'], tree.absolute(volume));
  const bound = tree.file(`${folder}/bound-${tree.random.word()}.log`);
  writeFileSync(`${outside}/bound`, 'a file\nof elsewhere');
  mount(tree, ['--bind', `${outside}/bound`], tree.absolute(bound));
  tree.story.push(`mounts ${volume} and ${bound}`);
  return volume;
}
