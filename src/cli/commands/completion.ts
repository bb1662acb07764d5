import { defineCommand } from '../command.ts';
import { COMPLETE_FLAG } from '../completion-protocol.ts';

const BASH = `# oxios-backup completion for bash. To ~/.bashrc: source <(oxios-backup completion bash)
_oxios_backup() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    [[ -n $line ]] && COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" ${COMPLETE_FLAG} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _oxios_backup oxios-backup`;

const ZSH = `#compdef oxios-backup
# oxios-backup completion for zsh. To ~/.zshrc, behind compinit: source <(oxios-backup completion zsh)
_oxios_backup() {
  local line
  local -a found
  while IFS= read -r line; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" ${COMPLETE_FLAG} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe oxios-backup found; else _files; fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then _oxios_backup "$@"; else compdef _oxios_backup oxios-backup; fi`;

const FISH = `# oxios-backup completion for fish. To ~/.config/fish/config.fish: oxios-backup completion fish | source
function __oxios_backup_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($words[1] ${COMPLETE_FLAG} $words[2..-1] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path $current
  end
end
complete -c oxios-backup -f -a '(__oxios_backup_complete)'`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export const command = defineCommand({
  onlyOutput: true,
  positionals: { shell: { choices: ['bash', 'zsh', 'fish'], demandOption: true, describe: 'bash, zsh or fish' } },
  options: {},
  examples: [
    ['completion bash >> ~/.bashrc', 'bash'],
    ['completion zsh >> ~/.zshrc', 'zsh, after compinit'],
    ['completion fish | source', 'fish, in its config.fish'],
  ],
  run: async ({ shell }, { output }) => {
    await output.line(SCRIPTS[String(shell)] ?? '');
    return 0;
  },
});
