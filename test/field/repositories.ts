import { spawnSync } from 'node:child_process';
import type { FieldTree } from './field-tree.ts';

const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '1700000000 +0000',
  GIT_COMMITTER_DATE: '1700000000 +0000',
  GIT_COMMITTER_NAME: 'c',
  GIT_COMMITTER_EMAIL: 'c@example.org',
};

const COMMIT = `git init -q -b main .; for i in 1 2 3; do echo $i >f$i; done; git add -A; git commit -qm one; echo more >>f1; git commit -qam two`;

/** How each is made, in a new folder. */
const SHAPES: Record<string, string> = {
  normal: `${COMMIT}; echo staged >f9; git add f9; git tag -a v1 -m tag; git branch other; echo stash >f2; git stash -q`,
  unborn: 'git init -q .',
  packed: `${COMMIT}; git repack -qad; git pack-refs --all; git commit-graph write 2>/dev/null`,
  bare: `git init -q -b main w; (cd w; ${COMMIT}); git clone -q --bare w b.git; rm -rf w`,
  worktree: `mkdir m; (cd m; ${COMMIT}; git worktree add -q ../linked -b linked; git worktree add -q ../detached HEAD~1 --detach)`,
  submodule: `mkdir s m; (cd s; ${COMMIT}); (cd m; ${COMMIT}; git -c protocol.file.allow=always submodule add -q ../s sub; git commit -qm sub)`,
  alternates: `mkdir m; (cd m; ${COMMIT}; git gc -q); git clone -q --shared m borrower; (cd borrower; echo x >>f3; git commit -qam three)`,
  local: `mkdir m; (cd m; ${COMMIT}); git clone -q --local m copy`,
  shallow: `mkdir m; (cd m; ${COMMIT}); git clone -q --depth 1 "file://$PWD/m" shallow`,
  partial: `mkdir m; (cd m; ${COMMIT}; git config uploadpack.allowFilter true); git clone -q --filter=blob:none --no-checkout "file://$PWD/m" partial`,
  sha256: `git init -q --object-format=sha256 .; echo 1 >f; git add f; git commit -qm one`,
  sparse: `${COMMIT}; git sparse-checkout set --cone d 2>/dev/null`,
  detached: `${COMMIT}; git checkout -q --detach HEAD~1; git bisect start -q 2>/dev/null`,
  conflicted: `${COMMIT}; git checkout -qb x HEAD~1; echo other >f1; git commit -qam x; git merge -q main >/dev/null`,
  reftable: 'git init -q --ref-format=reftable . 2>/dev/null && echo 1 >f && git add f && git commit -qm one; true',
  annex: `${COMMIT}; mkdir -p .git/annex/objects/x .git/lfs/objects/ab; seq 900 >.git/annex/objects/x/key; chmod 444 .git/annex/objects/x/key; ln -s .git/annex/objects/x/key link; git add link`,
  broken: `${COMMIT}; rm -f "$(git rev-parse --git-path objects/$(git rev-parse HEAD | sed 's/../&\\//'))"`,
};

/** What killed runs of git leave behind, in its directory. */
const LOCKS = [
  'index.lock',
  'HEAD.lock',
  'config.lock',
  'packed-refs.lock',
  'refs/heads/main.lock',
  'objects/ab/tmp_obj_a1B2c3',
];

/** A repository that git made, with files beside it whose names only look like git's. */
export function plantRepository(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const shape = random.pick(Object.keys(SHAPES));
  const top = tree.folder(
    `${folder}/${random.pick(['repo', 'logs', 'backups', 'project.git', 'a b'])}-${random.word()}`,
  );
  const script = `umask 022; cd "$1"; ${SHAPES[shape]}`;
  const { stderr } = spawnSync('bash', ['-c', script, '-', tree.absolute(top)], { env: ENVIRONMENT, encoding: 'utf8' });
  if (/fatal|cannot/.test(stderr)) throw new Error(`${shape}: ${stderr}`);
  for (const name of random.some(['yarn.lock', 'index.lock', 'HEAD.lock', 'objects.lock'], 0.3))
    tree.file(`${top}/${name}`, 'mine');
  if (['normal', 'packed', 'sha256'].includes(shape)) {
    for (const lock of random.some(LOCKS, 0.3))
      tree.excluded.add(tree.file(`${top}/.git/${lock}`, random.chance(0.5) ? '' : 'half'));
    for (const name of random.some(['Cargo.lock', 'hooks/my.lock', 'notes.db-wal', 'index.lock.bak'], 0.3))
      tree.file(`${top}/.git/${name}`, 'mine');
  }
  tree.story.push(`repository ${top}: ${shape}`);
}

/** What has the names of a repository and is none. */
export function plantSeemingRepository(tree: FieldTree, folder: string): void {
  const top = `${folder}/seeming`;
  tree.file(`${top}/HEAD`, tree.random.pick(['a heading\n', '', 'ref: nothing', Buffer.alloc(300, 0xff)]));
  for (const name of ['index.lock', 'HEAD.lock', 'refs/heads/main.lock', 'objects/pack/tmp_pack_aBc123', 'config'])
    tree.file(`${top}/${name}`, name);
  tree.story.push(`no repository ${top}`);
}
