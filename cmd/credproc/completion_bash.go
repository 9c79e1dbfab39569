package main

// bashCompletion is by hand. What cobra generates needs the package
// bash-completion, which macOS and containers lack, and hands the line to eval:
// completing `credproc get >file --` would empty the file.
const bashCompletion = `# bash completion for credproc

__credproc() {
    local line=$COMP_LINE i n=0 word out directive cur
    local -a words=()
    COMPREPLY=()

    # What stands together is one word, though bash takes it apart at = and :.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ -z $line || $line == [[:blank:]]* ]]; then
            ((++n))
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        line=${line#"$word"}
        words[n]=${words[n]-}${word//[\"\'\\]/}
    done

    # The program that is being typed, and nothing else, is asked what fits.
    local program=${words[0]/#\~\//$HOME/}
    [[ ${program##*/} == credproc ]] || program=credproc
    out=$("$program" __completeNoDesc "${words[@]:1}" 2>/dev/null) || return 0
    directive=${out##*:}
    out=${out%:*}

    if ((directive & 1)); then return 0; fi
    if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
    if ((directive & 4)); then compopt +o default 2>/dev/null; fi
    if ((directive & 16)); then
        compopt +o default -o dirnames 2>/dev/null
        return 0
    fi

    cur=${words[n]}
    if [[ $cur == -*=* ]]; then cur=${cur#*=}; fi
    while IFS= read -r line; do
        if [[ -n $line && $line == "$cur"* ]]; then COMPREPLY+=("$line"); fi
    done <<<"$out"
}

complete -o default -F __credproc credproc
`
