import { COMPLETE_FLAG } from './completion-protocol.ts';

// What the shells do with an answer is said in completion-protocol.ts. Errors never reach the line that is typed.

/**
 * bash gives words with their quotes and backslashes, and takes them apart at `:` and `=`: they are put together again, and of what is found only
 * the part after the last such character is for it. Names of files it quotes by itself, where it has `compopt` (not 3.2, of macOS).
 */
const BASH = `# oxios-backup completion for bash. In ~/.bashrc: eval "$(oxios-backup completion bash)"
_oxios_backup_option() { compopt "$@" 2>/dev/null; }

_oxios_backup_add() {
  local name
  while IFS= read -r name; do COMPREPLY+=("$name"); done
}

_oxios_backup_bare() {
  case $1 in
    \\'*) bare=\${1#\\'} bare=\${bare%\\'} ;;
    \\"*) bare=\${1#\\"} bare=\${bare%\\"} ;;
    *) IFS= read bare <<< "$1" ;;
  esac
  [[ $bare == '~/'* ]] && bare=$HOME/\${bare#'~/'}
}

_oxios_backup() {
  local rest=$COMP_LINE piece head='' raw='' bare='' line kind=words i
  local -a typed=()
  for (( i = 0; i <= COMP_CWORD; i++ )); do
    piece=\${COMP_WORDS[i]}
    if (( i > 1 )) && [[ -n $rest && $rest != [[:space:]]* ]]; then
      head=$raw raw+=$piece
    else
      (( i > 1 )) && { _oxios_backup_bare "$raw"; typed+=("$bare"); }
      head='' raw=$piece
    fi
    rest=\${rest#*"$piece"}
  done
  [[ $piece == [:=] ]] && head=$raw
  _oxios_backup_bare "$raw"
  typed+=("$bare")
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      '') ;;
      $'\\t'*) kind=\${line#$'\\t'} ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]/#'~/'/$HOME/}" ${COMPLETE_FLAG} "\${typed[@]}" 2>/dev/null)
  [[ $bare == --*=* ]] && bare=\${bare#--*=}
  case $kind in
    files) _oxios_backup_option -o bashdefault -o default ;;
    snapshots)
      _oxios_backup_add < <(compgen -d -- "$bare"; compgen -f -X '!*.tar.gz' -- "$bare"; compgen -f -X '!*.tgz' -- "$bare")
      (( \${#COMPREPLY[@]} )) || _oxios_backup_option -o bashdefault -o default
      _oxios_backup_option -o filenames ;;
    directories)
      _oxios_backup_add < <(compgen -d -- "$bare")
      _oxios_backup_option -o filenames ;;
    *)
      [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && _oxios_backup_option -o nospace
      for i in "\${!COMPREPLY[@]}"; do
        COMPREPLY[i]=\${COMPREPLY[i]#"$head"}
        [[ $raw == [\\"\\']* ]] || printf -v 'COMPREPLY[i]' '%q' "\${COMPREPLY[i]}"
      done ;;
  esac
}
complete -F _oxios_backup oxios-backup`;

const ZSH = `#compdef oxios-backup
# oxios-backup completion for zsh. In ~/.zshrc: eval "$(oxios-backup completion zsh)"
_oxios_backup() {
  local line kind=words
  local -a typed found folders
  typed=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  typed=("\${(@)typed/#\\~\\//$HOME/}")
  while IFS= read -r line; do
    case $line in
      ('') ;;
      ($'\\t'*) kind=\${line#$'\\t'} ;;
      (*/$'\\t'*) folders+=("\${line%%$'\\t'*}") ;;
      (*) found+=("$line") ;;
    esac
  done < <("\${(Q)words[1]/#\\~\\//$HOME/}" ${COMPLETE_FLAG} "\${(@)typed}" 2>/dev/null)
  case $kind in
    (files) compset -P '--*='; _files ;;
    (snapshots) compset -P '--*='; _files -g '*.(tar.gz|tgz)' ;;
    (directories) compset -P '--*='; _files -/ ;;
    (paths)
      found=("\${(@)found%%$'\\t'*}")
      compadd -S '' -a folders
      compadd -a found ;;
    (*)
      found=("\${(@)found//:/\\\\:}")
      found=("\${(@)found/$'\\t'/:}")
      _describe oxios-backup found ;;
  esac
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then
  _oxios_backup "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _oxios_backup oxios-backup
fi`;

const FISH = `# oxios-backup completion for fish. In ~/.config/fish/config.fish: oxios-backup completion fish | source
function __oxios_backup_complete
  set -l typed (commandline -opc)
  set -l raw (commandline -ct)
  set -l current (string unescape -- "$raw"; or string trim -l -c '"\\'' -- "$raw")
  set typed[1] (string replace -r '^~/' "$HOME/" -- $typed[1])
  set -l before (string replace -r '^~/' "$HOME/" -- $typed[2..-1])
  set -l answer ($typed[1] ${COMPLETE_FLAG} $before "$current" 2>/dev/null)
  switch "$answer[1]"
    case \\tfiles
      __fish_complete_path "$current"
    case \\tsnapshots
      __fish_complete_path "$current" | string match -r '^[^\\t]*(?:/|\\.tar\\.gz|\\.tgz)(?:\\t.*)?$'
    case \\tdirectories
      __fish_complete_directories "$current" ''
    case \\tpaths
      printf '%s\\n' $answer[2..-1]
    case '*'
      test (count $answer) -gt 0; and printf '%s\\n' $answer
  end
end
complete -c oxios-backup -f -a '(__oxios_backup_complete)'`;

/** The script of each shell that is known, to be evaluated by it. */
export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
