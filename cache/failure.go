package cache

import (
	"encoding/json"
	"time"

	"github.com/credproc/credproc/source"
)

// A failure stands beside an entry and says how the last tries to renew it
// ended, so that those who were waiting get an answer and those who come later
// leave STS in peace for a while.
type failure struct {
	Version int         `json:"version"`
	Kind    source.Kind `json:"kind"`
	Code    string      `json:"code,omitempty"`
	Text    string      `json:"text"`

	// Role and Subject are for people to read: there may be no entry beside it.
	Role    string `json:"role,omitempty"`
	Subject string `json:"subject,omitempty"`

	// At is when the last try ended; Tries counts the failed ones in a row, Cut
	// those of them that were cut short by their limit.
	At    time.Time `json:"at"`
	Tries int       `json:"tries"`
	Cut   int       `json:"cut"`

	// Brief is true for a try that was kept short because life was left. It says
	// little to those who have nothing left.
	Brief bool `json:"brief,omitempty"`

	// Next is before when nobody tries again who has something to print.
	Next time.Time `json:"next"`
}

// forgetFailure is how long failures count as a row.
const forgetFailure = 10 * time.Minute

// refusalHolds is how long a refusal answers everyone, even those who came
// after it: a second process asks the same and is told the same.
const refusalHolds = 2 * time.Second

// failure reads what stands beside the entry of that name; the zero failure
// when there is nothing to read, or it is from another time.
func (f *folder) failure(name string, now time.Time) failure {
	x := f.lastFailure(name)
	if age := now.Sub(x.At); age > forgetFailure || age < 0 {
		return failure{}
	}
	return x
}

// lastFailure is failure from whatever time it is.
func (f *folder) lastFailure(name string) failure {
	var x failure
	text, err := f.readFile(name + failureSuffix)
	if err != nil || json.Unmarshal(text, &x) != nil || x.Version != version {
		return failure{}
	}
	return x
}

// next is the record after another failed try, with left of the old
// credentials' life remaining.
func (x failure) next(err *source.Error, now time.Time, left time.Duration) failure {
	x.Version, x.Kind, x.Code, x.Text = version, err.Kind, err.Code, err.Text
	x.At = now
	x.Tries++
	if err.Kind == source.KindDeadline {
		x.Cut++
	}
	x.Next = now.Add(backOff(max(left, 0), x.Tries))
	return x
}

// answers reports whether the failure answers a caller who has nothing to print
// and began at began: one who was waiting while the try failed, or one who
// comes right after a refusal.
func (x failure) answers(began, now time.Time) bool {
	switch {
	case x.Version == 0, x.Brief && x.Kind != source.KindRefused:
		return false
	case !x.At.Before(began):
		return true
	default:
		return x.Kind == source.KindRefused && now.Sub(x.At) <= refusalHolds
	}
}

func (x failure) err() *source.Error {
	return &source.Error{Kind: x.Kind, Code: x.Code, Text: x.Text}
}

func (f *folder) writeFailure(name string, x failure) error {
	text, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return f.writeFile(name+failureSuffix, text)
}

func (f *folder) forgetFailure(name string) {
	_ = f.root.Remove(name + failureSuffix)
}
