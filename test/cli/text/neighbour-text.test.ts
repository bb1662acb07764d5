import { expect, test } from 'vitest';
import { neighbourFields, neighbourNotice } from '../../../src/cli/text/neighbour-text.ts';

const CONFIGURATION = {
  directory: "/home/it's mine/.oxios",
  names: ['auth.json', 'state'],
  what: 'configuration, credentials and state',
  excludes: ['/workspace', '/backups'],
};
const COMMAND = "oxios-backup create --state-dir '/home/it'\\''s mine/.oxios' --exclude /workspace --exclude /backups";

test('the command is one that a shell understands', () => {
  expect(neighbourFields(CONFIGURATION)).toMatchObject({ names: ['auth.json', 'state'], command: COMMAND });
  expect(neighbourFields({ ...CONFIGURATION, directory: '/home/me/.oxios', excludes: [] })).toMatchObject({
    command: 'oxios-backup create --state-dir /home/me/.oxios',
  });
});

test('a notice names the directory, what is in it, and the command', () => {
  const { path, message } = neighbourNotice(CONFIGURATION);
  expect(path).toBe(CONFIGURATION.directory);
  expect(message).toContain('(auth.json, state), and is not in the snapshot');
  expect(message).toContain(COMMAND);
});
