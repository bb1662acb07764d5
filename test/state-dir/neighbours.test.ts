import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findNeighbours } from '../../src/state-dir/neighbours.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

function homeWith(...files: string[]): { home: string; root: string } {
  const home = room.fresh('home');
  const root = path.join(home, '.oxios/workspace');
  fs.mkdirSync(root, { recursive: true });
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
    fs.writeFileSync(path.join(home, file), 'x');
  }
  return { home, root };
}

test('names what lies beside the default state directory, with what each has to exclude', () => {
  const { home, root } = homeWith(
    '.oxi/brain/brain.db',
    '.oxi/vault/a.md',
    '.oxios/auth.json',
    '.oxios/state/agent_log.db',
  );
  expect(findNeighbours(root, home)).toEqual([
    {
      directory: `${home}/.oxi/brain`,
      names: [],
      what: 'agent memory',
      excludes: [],
    },
    {
      directory: `${home}/.oxi/vault`,
      names: [],
      what: 'knowledge',
      excludes: [],
    },
    {
      directory: `${home}/.oxios`,
      names: ['auth.json', 'state'],
      what: 'configuration, credentials and state',
      excludes: ['/workspace', '/backups'],
    },
  ]);
});

test('finds nothing where there is nothing, nor beside another state directory', () => {
  const { home, root } = homeWith();
  expect(findNeighbours(root, home)).toEqual([]);
  const { home: full } = homeWith('.oxi/brain/brain.db', 'elsewhere/.oxios/auth.json', 'elsewhere/workspace/a');
  expect(findNeighbours(path.join(full, 'elsewhere/workspace'), full)).toEqual([]);
});

test('what leads into the state directory is in the snapshot', () => {
  const { home, root } = homeWith('.oxios/workspace/knowledge/a.md');
  fs.symlinkSync('workspace/knowledge', path.join(home, '.oxios/knowledge'));
  fs.mkdirSync(path.join(home, '.oxi'));
  fs.symlinkSync(path.join(root, 'knowledge'), path.join(home, '.oxi/vault'));
  expect(findNeighbours(root, home)).toEqual([]);
});

test('the default state directory may be reached by a link', () => {
  const { home, root } = homeWith('.oxi/brain/brain.db');
  const link = room.fresh('link');
  fs.symlinkSync(root, link);
  expect(findNeighbours(link, home)).toHaveLength(1);
});
