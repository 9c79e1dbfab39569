package main

// fishCompletion is by hand because cobra's hands the line to eval: at Tab it runs
// every (COMMAND) in it.
const fishCompletion = `# fish completion for credproc

function __credproc_offers
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    string match -qr '(^|/)credproc$' -- $program; or set program credproc
    set -l offers ($program __complete $words[2..-1] "$current" 2>/dev/null)
    set -l directive (string match -rg '^:(\d+)$' -- $offers[-1]); or return
    set -e offers[-1]
    test (math "$directive % 2") -eq 0; or return

    if set -q offers[1]
        set -l flag (string match -r '^-[^=]*=' -- $current)
        printf '%s\n' "$flag"$offers
    else if test (math "floor($directive / 16) % 2") -eq 1
        __fish_complete_directories "$current" ''
    else if test (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path "$current"
    end
end

complete -c credproc -e
complete -c credproc -f -a '(__credproc_offers)'
`
