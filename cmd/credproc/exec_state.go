package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// erroredState is the file that Terraform and OpenTofu leave behind when they
// could not save the state.
const erroredState = "errored.tfstate"

// A tfstate is that file before a command runs.
type tfstate struct {
	tool string
	path string
	at   time.Time // the zero time if there was none
}

func lookAtState(args []string) tfstate {
	s := tfstate{tool: "terraform", path: erroredState}
	if strings.TrimSuffix(filepath.Base(args[0]), ".exe") == "tofu" {
		s.tool = "tofu"
	}
	for _, arg := range args[1:] {
		if dir, ok := strings.CutPrefix(arg, "-chdir="); ok {
			s.tool += " " + arg
			s.path = filepath.Join(dir, erroredState)
			break
		}
	}
	if info, err := os.Stat(s.path); err == nil {
		s.at = info.ModTime()
	}
	return s
}

// hint says what to do if the file is new.
func (s tfstate) hint(w io.Writer) {
	info, err := os.Stat(s.path)
	if err == nil && !info.ModTime().Equal(s.at) {
		fmt.Fprintf(w, "credproc: hint: the state was not saved but is in %s: with working credentials run `%s force-unlock LOCK_ID` if it is still locked, then `%s state push %s`\n",
			s.path, s.tool, s.tool, erroredState)
	}
}
