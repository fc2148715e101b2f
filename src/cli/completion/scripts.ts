/** The scripts that teach a shell to ask `gast __complete` for candidates. */

const bash = `# bash completion of gast
_gast() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]}
  # bash splits words at = and :, gast wants them whole.
  COMPREPLY=($(gast __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [ "\${COMPREPLY[0]}" = __files__ ]; then
    COMPREPLY=()
    compopt -o default
    return
  fi
  case "\${COMPREPLY[0]}" in */ | *=) compopt -o nospace ;; esac
}
complete -F _gast gast
`;

const zsh = `#compdef gast
# zsh completion of gast
_gast() {
  local -a candidates
  candidates=("\${(@f)$(gast __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${candidates[1]}" == __files__ ]]; then
    _files
    return
  fi
  compadd -- "\${candidates[@]}"
}
compdef _gast gast
`;

const fish = `# fish completion of gast
function __gast_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (gast __complete -- $words[2..-1] 2>/dev/null)
  if test "$found[1]" = __files__
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c gast -f -a '(__gast_complete)'
`;

export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
