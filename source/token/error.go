package token

// A Problem is what is wrong with a web identity token, in one word that a
// program can act on.
type Problem string

const (
	Missing      Problem = "missing"       // nothing is where the token should be
	Unreadable   Problem = "unreadable"    // something is there that cannot be read
	Malformed    Problem = "malformed"     // not a JWT, or not of a length STS takes
	BadAlgorithm Problem = "bad-algorithm" // signed in a way that STS does not take
	Expired      Problem = "expired"       // past its exp
	Unreachable  Problem = "unreachable"   // its issuer gave no usable answer; a later one may be
	Refused      Problem = "refused"       // its issuer said no; asking again will not help
)

// Error says why there is no usable web identity token. It never holds any part
// of one.
type Error struct {
	Problem Problem
	Place   string // as Source.String says: "in /path/of/file"
	Detail  string // continues "web identity token PLACE …"
	Err     error  // the cause, or nil
}

func (e *Error) Error() string {
	text := "web identity token " + e.Place
	if e.Detail != "" {
		text += " " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }
