package main

// zshCompletion is by hand because cobra's hands the line to eval: at Tab it runs
// every $(COMMAND) in it.
const zshCompletion = `#compdef credproc
# zsh completion for credproc

_credproc() {
    local program=${(Q)words[1]} line directive about
    local -a lines offers
    program=${program/#\~\//$HOME/}
    [[ ${program:t} == credproc ]] || program=credproc
    lines=("${(@f)$("$program" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${lines[-1]#:}
    [[ $directive == <-> ]] || return 1
    (( directive & 1 )) && return 1
    for line in "${(@)lines[1,-2]}"; do
        about=${line#*$'\t'}
        [[ $about == $line ]] && about=
        line=${line%%$'\t'*}
        offers+=("${line//:/\\:}${about:+:$about}")
    done

    [[ $PREFIX == -*=* ]] && compset -P '*='
    if (( ${#offers} )); then
        if (( directive & 2 )); then
            _describe -t credproc credproc offers -S ''
        else
            _describe -t credproc credproc offers
        fi
    elif (( directive & 16 )); then
        _files -/
    elif (( directive & 4 )); then
        return 1
    else
        _files
    fi
}

if [[ ${funcstack[1]} == _credproc ]]; then
    _credproc "$@"
else
    compdef _credproc credproc
fi
`
