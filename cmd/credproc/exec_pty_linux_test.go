package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A terminal is the user's side of a pseudo-terminal with a shell on it.
type terminal struct {
	*testing.T
	dir  string
	keys *os.File

	mu   sync.Mutex
	text []byte
}

// newTerminal starts a shell with job control that has a prompt "$ ", and in
// which $RUN is credproc exec.
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("not run: ", err)
	}
	credproc, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("not run: ", err)
	}
	t.Cleanup(func() { keys.Close() })
	// Not through Fd, which would make reads block Close.
	conn, err := keys.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	err = conn.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	w := testWorld(t)
	term := &terminal{T: t, dir: t.TempDir(), keys: keys}
	shell := exec.Command(bash, "--norc", "--noprofile", "--noediting", "-i")
	shell.Dir = term.dir
	shell.Env = append(w.env(), "PS1=$ ", "TERM=dumb", "RUN="+credproc+" exec --profile migration-role")
	shell.Stdin, shell.Stdout, shell.Stderr = screen, screen, screen
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := keys.Read(b)
			if err != nil {
				return
			}
			term.mu.Lock()
			term.text = append(term.text, b[:n]...)
			term.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = shell.Process.Kill()
		_ = shell.Wait()
		if t.Failed() {
			t.Logf("the screen:\n%s", term.screen())
		}
	})
	term.sees("$ ")
	return term
}

func (term *terminal) screen() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return string(term.text)
}

func (term *terminal) types(keys string) {
	term.Helper()
	if _, err := term.keys.WriteString(keys); err != nil {
		term.Fatal(err)
	}
}

// sees waits until text has been printed, and forgets everything up to it.
func (term *terminal) sees(text string) {
	term.Helper()
	soon(term.T, fmt.Sprintf("%q on the screen", text), func() bool {
		term.mu.Lock()
		defer term.mu.Unlock()
		_, rest, ok := strings.Cut(string(term.text), text)
		if ok {
			term.text = []byte(rest)
		}
		return ok
	})
}

func (term *terminal) script(name, text string) {
	term.Helper()
	if err := os.WriteFile(filepath.Join(term.dir, name), []byte(text), 0o600); err != nil {
		term.Fatal(err)
	}
}

const (
	ctrlC = "\x03"
	ctrlZ = "\x1a"
)

// The terminal is the command's: it reads what is typed.
func TestExecReadsFromTheTerminal(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.types("$RUN sh -c 'echo Enter a value:; read x; echo \"=$x=\"'; echo =$?=\n")
	term.sees("value:\r\n")
	term.types("yes\n")
	term.sees("=yes=")
	term.sees("=0=")
}

// Ctrl-C reaches the command once, and exec waits for what it makes of that.
func TestExecInterruptedFromTheTerminal(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.script("count", `
trap 'n=$((n+1)); echo "=int $n="' INT
trap 'echo "=usr $n="; exit 3' USR1
echo "=ready="
while :; do sleep 0.02; done
`)
	term.types("$RUN sh count; echo =$?=\n")
	term.sees("=ready=\r\n")
	for n := range 3 {
		term.types(ctrlC)
		term.sees(fmt.Sprintf("=int %d=", n+1))
	}
	// To exec alone: comes after whatever it passes on by mistake.
	term.signal("sh count", syscall.SIGUSR1)
	term.sees("=usr 3=")
	term.sees("=3=")
	term.sees("$ ")

	// One that takes no care is ended by it.
	term.types("$RUN sleep 1000\n")
	term.signal("sleep 1000", 0)
	term.types(ctrlC)
	term.sees("$ ")
	term.types("echo =$?=\n")
	term.sees("=130=")

	// To exec alone, in the foreground of a terminal: passed on.
	term.types("$RUN sleep 1000\n")
	term.signal("sleep 1000", syscall.SIGINT)
	term.sees("$ ")
	term.types("echo =$?=\n")
	term.sees("=130=")
}

// signal sends a signal to exec as soon as it has its child.
func (term *terminal) signal(command string, s syscall.Signal) {
	term.Helper()
	soon(term.T, "exec "+command, func() bool {
		out, _ := exec.Command("ps", "-ww", "-eo", "pid=,ppid=,args=").Output()
		for line := range strings.Lines(string(out)) {
			var pid, parent int
			if n, _ := fmt.Sscan(line, &pid, &parent); n != 2 || !strings.HasSuffix(strings.TrimSpace(line), " "+command) || strings.Contains(line, " exec ") {
				continue
			}
			if dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); dir == term.dir {
				return syscall.Kill(parent, s) == nil
			}
		}
		return false
	})
}

// Ctrl-Z stops both, fg continues both, and bg too.
func TestExecStoppedFromTheTerminal(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.types("$RUN sh -c 'echo =ready=; for i in 1 2 3 4 5; do read x; echo \"=$x=\"; done; exit 5'; echo =$?=\n")
	term.sees("=ready=\r\n")
	for _, word := range []string{"one", "two", "three", "four", "five"} {
		term.types(ctrlZ)
		term.sees("Stopped")
		term.sees("$ ")
		term.types("jobs\n")
		term.sees("Stopped")
		term.types("fg\n")
		term.sees("fg\r\n$RUN")
		term.types(word + "\n")
		term.sees("=" + word + "=")
	}
	term.sees("$ ")
	term.types("echo =$?=\n")
	term.sees("=5=")

	// A command that is stopped alone takes us along.
	term.types("$RUN sh -c 'kill -STOP $$; echo =again=; exit 6'\n")
	term.sees("Stopped")
	term.types("fg\n")
	term.sees("=again=")
	term.types("echo =$?=\n")
	term.sees("=6=")

	// One that is stopped and continued in the background. It starts nothing: a
	// shell whose child is stopped between vfork and exec does not stop.
	done := filepath.Join(term.dir, "done")
	if err := syscall.Mkfifo(done, 0o600); err != nil {
		t.Fatal(err)
	}
	term.types("$RUN sh -c 'read x < done; exit 7'\n")
	term.signal("sh -c read x < done; exit 7", 0)
	term.types(ctrlZ)
	term.sees("Stopped")
	term.types("bg\n")
	term.sees("&")
	if err := os.WriteFile(done, []byte("\n"), 0); err != nil {
		t.Fatal(err)
	}
	term.types("wait %1; echo =$?=\n")
	term.sees("=7=")
}

// A command that does not obey Ctrl-Z keeps the terminal.
func TestExecOfACommandThatIgnoresStops(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.types("$RUN sh -c 'trap \"\" TSTP; echo =ready=; read x; echo \"=$x=\"'\n")
	term.sees("=ready=\r\n")
	term.types(ctrlZ)
	term.types("typed\n")
	term.sees("=typed=")
}

// In a pipeline everyone stays in the foreground.
func TestExecInAPipeline(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.types("$RUN sh -c 'read x; echo \"=$x=\"' | sh -c 'read a; echo \"read $a\"; read x < /dev/tty; echo \"read =$x=\"'\n")
	for _, word := range []string{"one", "two"} {
		term.types(word + "\n")
		term.sees("read =" + word + "=")
	}
}

// A closed terminal ends the command, and exec with it.
func TestExecWhenTheTerminalCloses(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.script("count", `
trap 'echo HUP >> signals; exit 1' HUP
echo "=ready="
while :; do sleep 0.02; done
`)
	term.types("$RUN sh count\n")
	term.sees("=ready=\r\n")
	var exec int
	soon(t, "exec", func() bool {
		out, _ := pidOfExec(term.dir)
		exec = out
		return out != 0
	})
	term.keys.Close()
	soon(t, "the end of exec", func() bool { return syscall.Kill(exec, 0) == syscall.ESRCH })
	text, _ := os.ReadFile(filepath.Join(term.dir, "signals"))
	// The kernel hangs up the foreground group, and the shell its jobs: the
	// command may have both before it ends, with us or without.
	if !strings.HasPrefix(string(text), "HUP\n") {
		t.Errorf("the command had %q", text)
	}
}

// pidOfExec is the process of credproc exec that runs in dir.
func pidOfExec(dir string) (int, error) {
	out, err := exec.Command("ps", "-ww", "-eo", "pid=,args=").Output()
	for line := range strings.Lines(string(out)) {
		var pid int
		if n, _ := fmt.Sscan(line, &pid); n == 1 && strings.Contains(line, "credproc exec --profile") {
			if cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); cwd == dir {
				return pid, nil
			}
		}
	}
	return 0, err
}
