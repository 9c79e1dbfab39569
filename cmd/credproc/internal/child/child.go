// Package child runs another program in this one's place: with its stdin,
// stdout, stderr and terminal, and with the signals that are meant for it.
//
// The child stays in this process's group, so that a shell's job control, a
// pipeline and Ctrl-C treat it as if it had been started without us. Many
// signals then reach both: the terminal, `timeout`, a CI runner and a service
// manager send to a whole group or to all of its processes. They must not be
// passed on again, because programs take a second one as an order to end at
// once (Terraform: "Two interrupts received. Exiting immediately. Note that
// data loss may have occurred."). One that was sent to us alone must be.
// No rule about terminals tells the two apart, and Go does not show a signal's
// sender; so a witness, another process of the group that does nothing, is asked
// whether it has seen the signal too. See witness.go.
package child

import "fmt"

// WitnessName is the name under which this program is a witness: whoever starts
// it so is to call Witness. It is neither ours nor the command's, since `pkill -f
// "credproc exec"` and `kill $(pidof credproc)` mean us alone.
const WitnessName = "(witness)"

// A StartError says that there was nothing to run.
type StartError struct {
	Status int // as shells have it: 126 not executable, 127 not found
	Err    error
}

func (e *StartError) Error() string { return e.Err.Error() }

func (e *StartError) Unwrap() error { return e.Err }

// Exit statuses of a command that did not run.
// Source: POSIX, Shell Command Language, "Exit Status for Commands".
const (
	notExecutable = 126
	notFound      = 127
)

func startError(name string, status int, why any) *StartError {
	return &StartError{status, fmt.Errorf("%s: %v", name, why)}
}
