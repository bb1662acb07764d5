import type { Command } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXIT_STATUS } from '../../src/cli/exit-status.ts';
import { readProgram } from '../../src/program.ts';

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['OXIOS_STATE_DIR', 'The state directory, if --state-dir is not given.'],
  ['OXIOS_VERSION', 'Version of Oxios for the manifest, if --oxios-version is not given.'],
  ['XDG_CACHE_HOME', 'What create remembers of files is in its folder oxios-backup; else in ~/.cache/oxios-backup.'],
  ['TMPDIR', 'Temporary files of "create -", and of snapshots that come through a pipe.'],
  ['AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE', 'Keys of the object storage.'],
  ['AWS_ENDPOINT_URL, AWS_REGION', 'Where the object storage is.'],
];

/** The page of man(1) for the command, from what its help says. */
export async function manualPage(): Promise<string> {
  const { name, version } = readProgram();
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([, { usage, describe, load }]) =>
      commandLines(usage, describe, (await load()).command),
    ),
  );
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    ...[
      '.SH NAME',
      `${roff(name)} \\- snapshots of a state directory: one sealed .tar.gz, verified before it is restored`,
    ],
    ...['.SH SYNOPSIS', `.B ${roff(name)}`, '.I command', '[\\fIoptions\\fR]'],
    '.SH DESCRIPTION',
    ...sentences(
      'Writes the state directory of an application into one .tar.gz file, while the application runs.',
      'Restores that file on any machine, after verifying every byte of it.',
      'Any tar can unpack the file, too.',
    ),
    '.PP',
    ...sentences('The state directory is that of --state-dir, else OXIOS_STATE_DIR, else ~/.oxios/workspace.'),
    '.SH COMMANDS',
    ...commands.flat(),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_STATUS).flatMap(([status, meaning]) => term(`.B ${status}`, meaning)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([variable, meaning]) => term(`.B ${roff(variable)}`, meaning)),
    ...['.SH SEE ALSO', '.BR tar (1),', '.BR gzip (1)'],
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines(usage: string, describe: string, { positionals, options, examples, note }: Command): string[] {
  return [
    `.SS ${roff(usage)}`,
    ...sentences(`${describe}.`),
    ...Object.entries(positionals).flatMap(([key, { describe: meaning = '' }]) => term(`.I ${roff(key)}`, meaning)),
    ...Object.entries(options).flatMap(([key, { value, describe: meaning = '' }]) => {
      const dashed = roff(`${key.length === 1 ? '-' : '--'}${key}`);
      return term(value === undefined ? `.B ${dashed}` : `.BI ${dashed} " ${roff(value)}"`, meaning);
    }),
    ...examples.flatMap(([line, what]) => term(`.B ${roff(`oxios-backup ${line}`)}`, what)),
    ...(note === undefined ? [] : ['.PP', ...sentences(note)]),
  ];
}

function term(heading: string, meaning: string): string[] {
  return ['.TP', heading, ...sentences(meaning)];
}

function sentences(...texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split('\n')).map(roff);
}

/** Text of which roff(7) takes nothing for its own. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replace(/^\./, '\\&.')
    .replaceAll('…', '\\&...')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha');
}
