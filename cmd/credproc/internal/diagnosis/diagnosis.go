// Package diagnosis checks what has to be right before an SDK gets credentials
// from credproc: each check looks, changes nothing, and says in one finding what
// it found and what to do.
package diagnosis

// A Level says how bad a finding is.
type Level string

// Levels, as they stand in JSON.
const (
	OK      Level = "ok"
	Warning Level = "warning" // works, or may work; not everywhere, or not for ever
	Problem Level = "problem" // does not work
)

// A Finding is the result of one check. It holds nothing secret.
type Finding struct {
	Level Level `json:"level"`

	// Check names the check; it never changes.
	Check string `json:"check"`

	// Text is one sentence without a final period, Action what to do about it:
	// empty if and only if all is well.
	Text   string `json:"text"`
	Action string `json:"action,omitempty"`

	// Place is what decides or is to be changed: variables, a file, FILE:LINE.
	Place string `json:"place,omitempty"`
}

// Findings of one run, in the order of the checks.
type Findings []Finding

// OK adds that all is well.
func (fs *Findings) OK(check, place, text string) {
	*fs = append(*fs, Finding{OK, check, text, "", place})
}

// Warn adds a warning.
func (fs *Findings) Warn(check, place, text, action string) {
	*fs = append(*fs, Finding{Warning, check, text, action, place})
}

// Problem adds a problem.
func (fs *Findings) Problem(check, place, text, action string) {
	*fs = append(*fs, Finding{Problem, check, text, action, place})
}

// Count is how many findings are of that level.
func (fs Findings) Count(level Level) int {
	n := 0
	for _, f := range fs {
		if f.Level == level {
			n++
		}
	}
	return n
}
