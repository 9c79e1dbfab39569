package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A shell runs a script with the plain credproc in PATH, in a world whose config
// file has the profiles migration and migration-role.
func (w *world) shell(t *testing.T, script string, command ...string) string {
	t.Helper()
	program, err := exec.LookPath(command[0])
	if err != nil {
		t.Skipf("NOT RUN: %v: the completion of this shell is not tested here", err)
	}
	path, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(w.home, ".aws", "config")
	const text = "[profile migration]\n[profile migration-role]\n[profile evil$(touch evil)a]\n[profile evil$(touch evil)b]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.home, "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // a shell that hangs, not a slow one
	defer cancel()
	c := exec.CommandContext(ctx, program, append(command[1:], file)...)
	c.WaitDelay = time.Second
	c.Dir = w.home
	c.Env = append(w.env(), "PATH="+filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"), "TERM=dumb", "LC_ALL=C")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(w.home, "evil")); err == nil {
		t.Error("a part of the line, or a profile's name, was run")
	}
	return string(out)
}

// With bash alone, without the package bash-completion.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	const script = `
eval "$(credproc completion bash)"
[[ $(complete -p credproc) == *__credproc* ]] || echo "it is not registered"
compopt() { options+=" $*"; }
# try WORD...: the words as bash takes them apart; line is the line.
try() {
    COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) options=
    __credproc credproc "${@: -1}" "${@: -2:1}"
    echo "$line|${COMPREPLY[*]}|${options# }"
}
line='credproc pur';                       try credproc pur
line='credproc exec --profile migration-'; try credproc exec --profile migration-
line='credproc exec --profile=migration-'; try credproc exec --profile = migration-
line='credproc exec --profile=';           try credproc exec --profile =
line='credproc  get   --profile ';         try credproc get --profile ''
line='credproc get --profile "migration-'; try credproc get --profile '"migration-'
line='credproc get --profile evil';        try credproc get --profile evil
line='credproc --token-source vau';        try credproc --token-source vau
line='credproc --token-source file:/e';    try credproc --token-source file : /e
line='credproc purge --cache-dir ';        try credproc purge --cache-dir ''
line='credproc token --role-trust ';       try credproc token --role-trust ''
line='credproc exec -- credpr';            try credproc exec -- credpr
line='credproc get >config --prof';        try credproc get '>' config --prof
line='credproc --tag $(touch evil) --prof'; try credproc --tag '$(touch evil)' --prof
[[ -e config ]] && echo "a redirection was carried out"
:
`
	const want = `credproc pur|purge|+o default
credproc exec --profile migration-|migration-role|+o default
credproc exec --profile=migration-|migration-role|+o default
credproc exec --profile=|migration migration-role|+o default
credproc  get   --profile |migration migration-role|+o default
credproc get --profile "migration-|migration-role|+o default
credproc get --profile evil||+o default
credproc --token-source vau|vault:|-o nospace +o default
credproc --token-source file:/e||
credproc purge --cache-dir ||+o default -o dirnames
credproc token --role-trust ||
credproc exec -- credpr|credproc|+o default
credproc get >config --prof|--profile|+o default
credproc --tag $(touch evil) --prof|--profile|+o default
`
	if got := testWorld(t).shell(t, script, "bash", "--norc", "--noprofile"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCompletionInFish(t *testing.T) {
	t.Parallel()
	const script = `
credproc completion fish | source
for line in 'credproc pur' 'credproc exec --profile migration-' 'credproc exec --profile=migration-' 'credproc exec -- credpr' 'credproc --profile evil' 'credproc --tag (touch evil) --prof' 'credproc --token-source vau' 'credproc token --role-trust scr' 'credproc purge --cache-dir .aw' 'credproc purge --cache-dir scr'
    echo $line: (complete -C $line | string split -f 1 \t)
end
`
	const want = `credproc pur: purge
credproc exec --profile migration-: migration-role
credproc exec --profile=migration-: --profile=migration-role
credproc exec -- credpr: credproc
credproc --profile evil:
credproc --tag (touch evil) --prof: --profile
credproc --token-source vau: vault:
credproc token --role-trust scr: script
credproc purge --cache-dir .aw: .aws/
credproc purge --cache-dir scr:
`
	w := testWorld(t)
	got := w.shell(t, script, "fish", "--no-config")
	if got = strings.ReplaceAll(got, ": \n", ":\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// zsh completes only on a terminal: zpty gives it one.
func TestCompletionInZsh(t *testing.T) {
	t.Parallel()
	const script = `
zmodload zsh/zpty
zpty shell zsh -f -i
# await TEXT: reads on until TEXT is there.
all=
await() {
    local more
    for ((i = 0; i < 3000; i++)); do
        [[ $all == *$1* ]] && return
        if zpty -r -t shell more; then all+=$more; else sleep 0.01; fi
    done
    print -r -- "no $1 in: $all"
    exit
}
say() { all=; zpty -w shell "$1"; await "$2"; }
try() { all=; zpty -w -n shell "$1"; await "$2"; zpty -w -n shell $'\x15'; print -r -- "$1: $2" }
say "PS1='> '; autoload -U compinit; compinit -u -D; print rea''dy" ready
say 'eval "$(credproc completion zsh)"; print lea''rnt' learnt
try $'credproc pur\t' 'credproc purge '
try $'credproc exec --profile migration-\t' '--profile migration-role '
try $'credproc exec --profile=migration-\t' '--profile=migration-role '
try $'credproc exec -- credpr\t' '-- credproc '
try $'credproc get --profile evil\t' 'evil'
try $'credproc get --tag $(touch evil) --prof\t' '--profile '
try $'credproc --token-source vau\tX' '--token-source vault:X'
try $'credproc --token-source=vau\tX' '--token-source=vault:X'
try $'credproc token --role-trust scr\t' '--role-trust script '
try $'credproc purge --cache-dir .aw\t' '--cache-dir .aws/'
say 'print do''ne' done
`
	if got := testWorld(t).shell(t, script, "zsh", "-f"); strings.Count(got, "\n") != 10 || strings.Contains(got, "no ") {
		t.Errorf("got\n%s", got)
	}
}
