package diagnosis

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
)

// Line checks a credential_process that stands at place, as every SDK would run
// it: botocore splits it into words and runs the first without a shell, others
// give it to sh. It runs nothing. self is this program.
//
// words are those that botocore runs, if it is credproc that they run.
func (f *Findings) Line(command, place, self string) (words []string) {
	const check = "process-line"
	words, ok := awsconfig.Split(command)
	absolute := "write the absolute path: credential_process = " + self + " …"
	switch {
	case !ok:
		f.Problem(check, place, "a quote in credential_process is left open: no SDK can split the line",
			"close the quote, or take it away")
		return nil
	case len(words) == 0:
		f.Problem(check, place, "credential_process is empty", absolute)
		return nil
	}
	if odd := forShell(command, words); odd != "" {
		f.Problem(check, place, fmt.Sprintf("credential_process says %s, but the AWS CLI and boto3 run no shell: they take it literally", odd),
			shellAction(odd, self))
		return nil
	}
	if strings.ContainsAny(command, `"'`) && len(words) == 1 && strings.Contains(words[0], " ") {
		if name, _, _ := strings.Cut(words[0], " "); isProgram(name) {
			f.Problem(check, place, "the whole of credential_process stands in quotes: SDKs take it for the name of one program",
				"take the quotes away")
			return nil
		}
	}
	if f.program(words, command, place, self) {
		return words
	}
	return nil
}

// forShell is what in a command only a shell understands, or nothing.
func forShell(command string, words []string) string {
	switch first := words[0]; {
	case strings.HasPrefix(first, "~"):
		return "~"
	case slices.Contains([]string{"exec", "cd", "source", ".", "export", "set", "eval", "command", "if"}, first):
		return fmt.Sprintf("%q first", first)
	case strings.Contains(first, "=") && !strings.Contains(first, "/"), isAssignment(first):
		name, _, _ := strings.Cut(first, "=")
		return name + "=… first"
	}
	if base := filepath.Base(words[0]); base == "sh" || base == "bash" {
		return "" // who names a shell has one
	}
	single := false
	for i, c := range command {
		switch {
		case c == '\'':
			single = !single
		case single:
		case c == '$', c == '`':
			return "$"
		case c == '|', c == ';', c == '&', c == '>', c == '<':
			if i > 0 && command[i-1] != '\\' {
				return string(c)
			}
		}
	}
	for _, word := range words[1:] {
		if strings.HasPrefix(word, "~/") {
			return "~/"
		}
	}
	return ""
}

func isAssignment(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	return ok && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func shellAction(odd, self string) string {
	switch {
	case odd == "~", odd == "$", odd == "~/":
		return "write absolute paths: credential_process = " + self + " …"
	case strings.Contains(odd, "="):
		return "take the assignment away: credproc has an option for each of its variables"
	case strings.HasSuffix(odd, "first"):
		return "begin the line with the program: credential_process = " + self + " …"
	}
	return "put the line into a script, and name that by its absolute path"
}

// program checks the program that words begin with. It reports whether that is
// credproc.
func (f *Findings) program(words []string, command, place, self string) bool {
	const check = "process-program"
	name := words[0]
	path := name
	switch {
	case !strings.ContainsAny(name, `/\`):
		found, err := exec.LookPath(name)
		if err != nil {
			f.Problem(check, place, fmt.Sprintf("credential_process runs %q, which is not in this PATH", name),
				"write the absolute path: credential_process = "+self+" …")
			return false
		}
		path = found
		f.Warn("process-line", place, fmt.Sprintf("credential_process runs %q by way of PATH, which is another for every service and job", name),
			"write the absolute path: credential_process = "+path+" …")
	case !filepath.IsAbs(name):
		f.Problem("process-line", place, fmt.Sprintf("credential_process runs %q, a path that begins wherever the SDK happens to stand", name),
			"write the absolute path: credential_process = "+self+" …")
		return false
	}
	if len(words) > 1 && !isProgram(path) && isProgram(path+" "+words[1]) {
		f.Problem("process-line", place, "the path in credential_process has a space in it, where SDKs split the line",
			"put the program where the path has no space: quotes break Go v1, rclone and restic")
		return false
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.Problem(check, place, fmt.Sprintf("credential_process runs %s, which %s", path, fault(err)), "install credproc there, or write where it is: "+self)
		return false
	case info.IsDir():
		f.Problem(check, place, fmt.Sprintf("credential_process runs %s, which is a folder", path), "name the program itself: "+self)
		return false
	case !isProgram(path):
		f.Problem(check, place, fmt.Sprintf("credential_process runs %s, which may not be executed", path), "chmod a+rx "+path)
		return false
	}
	if !runsHere(path, self) {
		f.Problem(check, place, fmt.Sprintf("credential_process runs %s, which is no program for this machine (%s/%s)", path, runtime.GOOS, runtime.GOARCH),
			"install credproc for "+runtime.GOOS+"/"+runtime.GOARCH+" there, or write where it is: "+self)
		return false
	}
	if strings.Contains(path, " ") {
		f.Warn("process-line", place, "the path in credential_process has a space in it: Go v1, rclone and restic cannot run it",
			"put the program where the path has no space")
	}
	if !isCredproc(path, self) {
		f.Warn(check, place, fmt.Sprintf("credential_process runs %s: whether that runs credproc cannot be seen from here", path),
			"run it by hand; what it prints is kept in the cache by credproc --credential-process COMMAND")
		return false
	}
	f.OK(check, place, "credential_process runs "+path)
	return true
}

func fault(err error) string {
	if os.IsNotExist(err) {
		return "does not exist"
	}
	if os.IsPermission(err) {
		return "this user cannot reach"
	}
	return "cannot be run"
}

// isProgram reports whether a file may be executed, by somebody.
func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && (runtime.GOOS == "windows" || executable(path, info))
}

// runsHere reports whether an executable file is a script, or made for the kind
// of machine that self was made for. It is asked on Linux alone, and of files
// that may be read.
// Source: elf(5), e_ident and e_machine.
func runsHere(path, self string) bool {
	if runtime.GOOS != "linux" {
		return true
	}
	other, err := head(path)
	if err != nil {
		return true
	}
	own, err := head(self)
	if err != nil || strings.HasPrefix(other, "#!") {
		return true
	}
	const ident, machine = 6, 18 // class and byte order are in the first 6 bytes
	return len(other) == len(own) && other[:ident] == own[:ident] && other[machine:] == own[machine:]
}

// head is the begin of an ELF file, as far as it says which machine it is for.
func head(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 20))
	return string(text), err
}

// RunsCredproc reports whether the first word of a command is credproc, by its
// name.
func RunsCredproc(command string) bool {
	words, ok := awsconfig.Split(command)
	return ok && len(words) > 0 && hasName(words[0])
}

func hasName(path string) bool {
	return strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".exe") == "credproc"
}

func isCredproc(path, self string) bool {
	if hasName(path) {
		return true
	}
	a, errA := os.Stat(path)
	b, errB := os.Stat(self)
	return errA == nil && errB == nil && os.SameFile(a, b)
}
