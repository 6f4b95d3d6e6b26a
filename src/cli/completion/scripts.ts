/** Shells that completion is made for. */
export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/**
 * The scripts ask `cutover __complete WORD…` for candidates, as cobra's commands do, so that docker's own completion
 * can ask too: a `candidate<TAB>description` a line, then `:4`, or `:0` where file names fit.
 */
export const completionScript: Record<Shell, string> = {
  bash: `# bash completion for cutover; load with: source <(cutover completion bash)
_cutover() {
  local cur words cword line directive candidates=()
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n =: cur words cword
  else
    cur=\${COMP_WORDS[COMP_CWORD]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  while IFS= read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      *) candidates+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${words[0]}" __complete "\${words[@]:1:cword}" 2>/dev/null)
  COMPREPLY=()
  for line in "\${candidates[@]}"; do
    [[ $line == "$cur"* ]] && COMPREPLY+=("$line")
  done
  if [[ $directive == 0 ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
  fi
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _cutover cutover
`,
  zsh: `#compdef cutover
# zsh completion for cutover; put it as _cutover into a directory of $fpath, or: source <(cutover completion zsh)
_cutover() {
  local line directive
  local -a candidates
  while IFS= read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      *$'\\t'*) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) candidates+=("\${line//:/\\\\:}") ;;
    esac
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe -V cutover candidates
  [[ $directive == 0 ]] && _files
}
if [[ $funcstack[1] == _cutover ]]; then
  _cutover "$@"
else
  compdef _cutover cutover
fi
`,
  fish: `# fish completion for cutover; load with: cutover completion fish | source
function __cutover_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] 2>/dev/null)
    for line in $lines
        string match -q -r '^:' -- $line; or echo $line
    end
    if test "$lines[-1]" = ":0"
        __fish_complete_path (commandline -ct)
    end
end
complete -c cutover -f -a '(__cutover_complete)'
`,
};
