package trust

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Judgement is what a trust policy says to a caller.
type Judgement struct {
	// Accepts is whether the policy lets the token in. Unknown where something
	// else decides: the caller's address, the time.
	Accepts Answer `json:"accepts"`

	// Missing are the actions that no statement allows, of those that need to be.
	Missing []string `json:"missing,omitempty"`

	Statements []Statement `json:"statements"`
}

// A Statement is one statement of the policy, as far as it concerns the caller.
type Statement struct {
	Number int    `json:"number"` // from 1
	Sid    string `json:"sid,omitempty"`
	Effect string `json:"effect"` // Allow or Deny

	// Applies is whether the statement is about this token.
	Applies Answer `json:"applies"`

	// Reasons are the elements that do not hold, or of which nobody knows; in a
	// Deny that applies, those that do hold.
	Reasons []Reason `json:"reasons,omitempty"`
}

// A Reason is one element of a statement and what it meets.
type Reason struct {
	Element  string   `json:"element"`            // Principal, Action or Condition
	Operator string   `json:"operator,omitempty"` // of a Condition
	Key      string   `json:"key,omitempty"`      // of a Condition, or the type of a Principal
	Want     []string `json:"want,omitempty"`     // what the policy says
	Have     []string `json:"have,omitempty"`     // what the token has
	Holds    Answer   `json:"holds"`
	Hint     string   `json:"hint,omitempty"`
}

// Judge compares the policy with the caller.
// Source: IAM User Guide, "Policy evaluation logic": a Deny that applies beats
// every Allow, and what nobody allows is denied.
func (d Document) Judge(c Caller) Judgement {
	var j Judgement
	actions := c.actions()
	allowed := make([]Answer, len(actions))
	denied := make([]Answer, len(actions))
	for i := range actions {
		allowed[i], denied[i] = No, No
	}
	for i, object := range d.statements {
		s, reasons := Statement{Number: i + 1}, []Reason(nil)
		s.Sid, _ = object["Sid"].(string)
		s.Effect, _ = object["Effect"].(string)
		reasons = append(reasons, d.principal(object, c))
		named, inAction := d.action(object, actions)
		reasons = append(reasons, inAction)
		reasons = append(reasons, d.conditions(object, c)...)
		rest := Yes
		for _, r := range reasons {
			if r.Element != "Action" {
				rest = all(rest, r.Holds)
			}
		}
		s.Applies = No
		for k := range actions {
			a := all(rest, named[k])
			s.Applies = some(s.Applies, a)
			if s.Effect == "Allow" {
				allowed[k] = some(allowed[k], a)
			} else {
				denied[k] = some(denied[k], a)
			}
		}
		for _, r := range reasons {
			if (r.Holds == Yes) == (s.Effect == "Deny" && s.Applies == Yes) {
				s.Reasons = append(s.Reasons, r)
			}
		}
		j.Statements = append(j.Statements, s)
	}
	j.Accepts = Yes
	for k, action := range actions {
		j.Accepts = all(j.Accepts, allowed[k], not(denied[k]))
		if allowed[k] == No {
			j.Missing = append(j.Missing, action)
		}
	}
	return j
}

// principal compares who the statement is about.
func (d Document) principal(object map[string]any, c Caller) Reason {
	r := Reason{Element: "Principal", Key: "Federated", Have: []string{c.Principal()}, Holds: No}
	v, ok := object["Principal"]
	inverse := false
	if !ok {
		if v, inverse = object["NotPrincipal"]; inverse {
			r.Element = "NotPrincipal"
		}
	}
	switch v := v.(type) {
	case string:
		r.Want, r.Key = []string{v}, ""
		r.Holds = answer(v == "*")
	case map[string]any:
		r.Want = texts(v["Federated"])
		for _, want := range r.Want {
			r.Holds = some(r.Holds, answer(want == "*" || c.is(want)))
		}
		if slices.Contains(texts(v["AWS"]), "*") { // the same as "*" alone
			r.Holds = Yes
		}
		if len(r.Want) == 0 && r.Holds == No {
			for _, kind := range slices.Sorted(maps.Keys(v)) {
				r.Key, r.Want = kind, texts(v[kind])
			}
			r.Hint = "a token is let in by Federated alone"
		}
	}
	if r.Holds == No {
		for _, want := range r.Want {
			if strings.Contains(want, "oidc-provider/https://") || want == c.Principal()+"/" || want+"/" == c.Principal() {
				r.Hint = "they differ in https:// or a slash at the end"
			}
		}
	}
	if inverse {
		r.Holds = not(r.Holds)
	}
	return r
}

// is reports whether an ARN is that of the caller's provider, in any account
// where the account is not known.
func (c Caller) is(principal string) bool {
	if c.BuiltIn() || c.Account != "" && c.Partition != "" {
		return principal == c.Principal()
	}
	parts := strings.SplitN(principal, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" &&
		(c.Partition == "" || parts[1] == c.Partition) && (c.Account == "" || parts[4] == c.Account) &&
		parts[5] == "oidc-provider/"+c.Provider()
}

// action compares what the statement is about with each action that is needed.
func (d Document) action(object map[string]any, actions []string) ([]Answer, Reason) {
	r := Reason{Element: "Action", Have: actions, Holds: No}
	v, ok := object["Action"]
	inverse := false
	if !ok {
		if v, inverse = object["NotAction"]; inverse {
			r.Element = "NotAction"
		}
	}
	r.Want = texts(v)
	named := make([]Answer, len(actions))
	for k, action := range actions {
		named[k] = No
		for _, want := range r.Want {
			p, _ := compile(strings.ToLower(want), true, false)
			named[k] = some(named[k], answer(p.matches(strings.ToLower(action))))
		}
		if inverse {
			named[k] = not(named[k])
		}
	}
	r.Holds = some(named...)
	return named, r
}

// conditions compares every condition, in a fixed order.
func (d Document) conditions(object map[string]any, c Caller) []Reason {
	var reasons []Reason
	block, _ := object["Condition"].(map[string]any)
	for _, operator := range slices.Sorted(maps.Keys(block)) {
		keys, _ := block[operator].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			one := condition{operator, key, texts(keys[key]), d.version == version}
			have, known := c.value(key)
			r := Reason{Element: "Condition", Operator: operator, Key: key, Want: one.want, Have: have, Holds: one.holds(have, known)}
			switch {
			case r.Holds == Unknown && !known:
				r.Hint = "this is not said by the token"
			case r.Holds == No && len(have) == 0:
				r.Hint = c.absent(key)
			case r.Holds == No:
				r.Hint = one.nearly(have)
			}
			reasons = append(reasons, r)
		}
	}
	return reasons
}

// absent says why a condition key has no value.
func (c Caller) absent(key string) string {
	lower, provider := strings.ToLower(key), strings.ToLower(c.Provider())
	own, ok := strings.CutPrefix(lower, provider+":")
	switch {
	case ok:
		if _, offered := c.offered(own); !offered && !slices.Contains([]string{"aud", "oaud", "sub", "amr"}, own) {
			return fmt.Sprintf("IAM makes no condition key of %q for this issuer, whatever the token says", own)
		}
	case lower == "sts:externalid":
		return "a web identity token brings no external ID: that is for AssumeRole"
	case strings.HasPrefix(lower, "https://"):
		return "a condition key begins without https://"
	case !strings.HasPrefix(lower, "aws:") && !strings.HasPrefix(lower, "sts:"):
		return "the key is not of the token's issuer, " + c.Provider()
	}
	return ""
}
