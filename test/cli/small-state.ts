import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A few files of Oxios state, with a name that a terminal must not see as it is. */
export function writeSmallState(stateDir: string): void {
  const files: Record<string, string> = {
    'sessions/a.json': '{"id":"a"}',
    'sessions/b.json': '{"id":"b","text":"longer"}',
    'memory/facts/coffee.md': '# Coffee\n',
    'notes.txt': 'hello\n',
    'strange\u001b[31mname.txt': 'red\n',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(stateDir, name, '..'), { recursive: true });
    writeFileSync(join(stateDir, name), content);
  }
  symlinkSync('notes.txt', join(stateDir, 'link'));
}
