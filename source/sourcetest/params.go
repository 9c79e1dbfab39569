package sourcetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// params reads a call's parameters, and gathers what is wrong with them in the
// words of AWS's own validation.
type params struct {
	form       url.Values
	read       map[string]bool
	violations []string
}

func newParams(form url.Values) *params {
	return &params{form: form, read: map[string]bool{"Action": true, "Version": true}}
}

// A limit is the constraint on one parameter. Lengths count characters.
type limit struct {
	required bool
	min, max int
	pattern  string
	secret   bool // keeps the value out of messages
}

// The limits are those of the API reference's pages AssumeRole and
// AssumeRoleWithWebIdentity, and of the service model (sts-2011-06-15).
var (
	roleARNLimit     = limit{required: true, min: 20, max: 2048, pattern: arnPattern}
	sessionNameLimit = limit{required: true, min: 2, max: 64, pattern: `[\w+=,.@-]*`}
	tokenLimit       = limit{required: true, min: 4, max: 20000, secret: true}
	policyLimit      = limit{min: 1, max: 2048, pattern: `[\u0009\u000A\u000D\u0020-\u00FF]+`}
	policyARNLimit   = limit{required: true, min: 20, max: 2048, pattern: arnPattern}
	externalIDLimit  = limit{min: 2, max: 1224, pattern: `[\w+=,.@:\/-]*`}
	sourceIDLimit    = limit{min: 2, max: 64, pattern: `[\w+=,.@-]*`}
	tagKeyLimit      = limit{required: true, min: 1, max: 128, pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`}
	tagValueLimit    = limit{required: true, max: 256, pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`}
)

const arnPattern = `[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`

// matches tells whether s satisfies a pattern of the service model. Those with
// Java's \u escapes are spelled out, as Go cannot compile them.
func matches(pattern, s string) bool {
	switch pattern {
	case arnPattern:
		return s != "" && !strings.ContainsFunc(s, unicode.IsControl)
	case policyLimit.pattern:
		return !strings.ContainsFunc(s, func(r rune) bool {
			return r > 0xff || r < 0x20 && r != '\t' && r != '\n' && r != '\r'
		})
	}
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(s)
}

// text returns a parameter's value, and whether it was sent.
func (p *params) text(name string, l limit) (string, bool) {
	p.read[name] = true
	values, sent := p.form[name]
	if !sent {
		if l.required {
			p.violate("Value null at '%s' failed to satisfy constraint: Member must not be null", member(name))
		}
		return "", false
	}
	if len(values) > 1 {
		p.violate("Value at '%s' failed to satisfy constraint: Member must be sent once", member(name))
	}
	s := values[0]
	value := "Value '" + s + "'"
	if l.secret {
		value = "Value"
	}
	if n := utf8.RuneCountInString(s); n < l.min {
		p.violate("%s at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d", value, member(name), l.min)
	} else if n > l.max {
		p.violate("%s at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", value, member(name), l.max)
	}
	if l.pattern != "" && !matches(l.pattern, s) {
		p.violate("%s at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, member(name), l.pattern)
	}
	return s, true
}

// duration returns DurationSeconds, or 0 if it was not sent.
func (p *params) duration() time.Duration {
	s, sent := p.text("DurationSeconds", limit{max: 32})
	if !sent {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 32)
	const constraint = "Value '%s' at 'durationSeconds' failed to satisfy constraint: Member must "
	switch {
	case err != nil:
		p.violate(constraint+"be an integer", s)
	case n < 900:
		p.violate(constraint+"have value greater than or equal to 900", s)
	case n > 43200:
		p.violate(constraint+"have value less than or equal to 43200", s)
	}
	return time.Duration(n) * time.Second
}

// list returns how many members NAME.member.1, NAME.member.2, … a list has;
// max is how many it may have. What is numbered otherwise stays unread, and so
// is refused by check.
func (p *params) list(name string, max int) int {
	n := 0
	for {
		prefix := fmt.Sprintf("%s.member.%d", name, n+1)
		found := false
		for key := range p.form {
			found = found || key == prefix || strings.HasPrefix(key, prefix+".")
		}
		if !found {
			break
		}
		n++
	}
	if n > max {
		p.violate("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", member(name), max)
	}
	return n
}

// policies reads and judges Policy and PolicyArns, and returns their packed
// size in percent; 0 means that none were sent.
func (p *params) policies() (packed int, refused *refusal) {
	policy, sent := p.text("Policy", policyLimit)
	arns := p.list("PolicyArns", 10)
	for i := range arns {
		p.text(fmt.Sprintf("PolicyArns.member.%d.arn", i+1), policyARNLimit)
	}
	if sent {
		var document map[string]any
		if json.Unmarshal([]byte(policy), &document) != nil || document["Statement"] == nil {
			refused = &refusal{400, "MalformedPolicyDocument", "Syntax errors in policy."}
		}
	}
	if sent || arns > 0 {
		packed = 1 + len(policy)*50/policyLimit.max + arns*2
	}
	return packed, refused
}

func (p *params) violate(format string, args ...any) {
	p.violations = append(p.violations, fmt.Sprintf(format, args...))
}

// check returns everything that is wrong with the parameters that were read,
// and refuses those that nobody read.
func (p *params) check() error {
	for _, name := range slices.Sorted(maps.Keys(p.form)) {
		if !p.read[name] {
			return invalid("unknown parameter " + name)
		}
	}
	switch n := len(p.violations); n {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: " + p.violations[0])
	default:
		return invalid(fmt.Sprintf("%d validation errors detected: %s", n, strings.Join(p.violations, "; ")))
	}
}

// member is a parameter's name as AWS's messages write it: tags.1.member.key.
func member(name string) string {
	parts := strings.Split(name, ".")
	if len(parts) > 2 {
		parts[1], parts[2] = parts[2], parts[1]
	}
	for i, part := range parts {
		parts[i] = strings.ToLower(part[:1]) + part[1:]
	}
	return strings.Join(parts, ".")
}
