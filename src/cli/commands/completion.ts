import { defineCommand } from '../command.ts';
import { COMPLETION_SCRIPTS } from '../completion-scripts.ts';

export const command = defineCommand({
  onlyOutput: true,
  positionals: { shell: { choices: ['bash', 'zsh', 'fish'], demandOption: true, describe: 'bash, zsh or fish' } },
  options: {},
  examples: [],
  note: `Once, then in each new shell TAB completes commands, options, snapshots and what is in them, and previous states:
 bash echo 'eval "$(oxios-backup completion bash)"' >> ~/.bashrc
 zsh  echo 'eval "$(oxios-backup completion zsh)"' >> ~/.zshrc
 fish echo 'oxios-backup completion fish | source' >> ~/.config/fish/config.fish`,
  run: async ({ shell }, { output }) => {
    await output.line(COMPLETION_SCRIPTS[String(shell)] ?? '');
    return 0;
  },
});
