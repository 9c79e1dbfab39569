package trust

import (
	"slices"
	"strings"
)

// An Answer is whether something holds.
type Answer string

const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown" // the token does not decide it
)

func answer(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

func not(a Answer) Answer {
	switch a {
	case Yes:
		return No
	case No:
		return Yes
	}
	return Unknown
}

// all is the answer to several things at once.
func all(answers ...Answer) Answer {
	switch {
	case slices.Contains(answers, No):
		return No
	case slices.Contains(answers, Unknown):
		return Unknown
	}
	return Yes
}

func some(answers ...Answer) Answer {
	switch {
	case slices.Contains(answers, Yes):
		return Yes
	case slices.Contains(answers, Unknown):
		return Unknown
	}
	return No
}

// A condition is one line of a Condition block: an operator, a key, values.
type condition struct {
	operator, key string
	want          []string
	variables     bool // whether the values may hold policy variables
}

// holds evaluates the condition.
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "…
// Set operators for multivalued context keys", "…IfExists condition operators".
func (c condition) holds(have []string, known bool) Answer {
	name := strings.ToLower(c.operator)
	name, forAll := strings.CutPrefix(name, "forallvalues:")
	name, forAny := strings.CutPrefix(name, "foranyvalue:")
	name, ifExists := strings.CutSuffix(name, "ifexists")
	if !known {
		return Unknown
	}
	if name == "null" {
		return answer(len(c.want) > 0 && strings.EqualFold(c.want[0], "true") == (len(have) == 0))
	}
	positive := strings.Replace(name, "not", "", 1)
	negative := positive != name
	if len(have) == 0 {
		// A key that is not there: a Not… holds, and so does a ForAllValues.
		return answer(ifExists || forAll || negative && !forAny)
	}
	var one func(have string) Answer // whether a value is among those wanted
	switch positive {
	case "stringequals":
		one = c.among(false, func(s string) string { return s })
	case "stringequalsignorecase":
		one = c.among(false, strings.ToLower)
	case "stringlike":
		one = c.among(true, func(s string) string { return s })
	case "arnlike", "arnequals":
		one = c.arn
	case "bool":
		one = c.among(false, strings.ToLower)
	default:
		return Unknown // numbers, dates, addresses: nothing of a token's
	}
	var answers []Answer
	for _, h := range have {
		a := one(h)
		if negative && (forAll || forAny) {
			a = not(a)
		}
		answers = append(answers, a)
	}
	switch {
	case forAll:
		return all(answers...)
	case negative && !forAny:
		return not(some(answers...))
	}
	return some(answers...)
}

// among gives a function that looks for a value among those wanted.
func (c condition) among(wild bool, fold func(string) string) func(string) Answer {
	return func(have string) Answer {
		var answers []Answer
		for _, want := range c.want {
			p, ok := compile(fold(want), wild, c.variables)
			if !ok {
				answers = append(answers, Unknown)
				continue
			}
			answers = append(answers, answer(p.matches(fold(have))))
		}
		return some(answers...)
	}
}

// arn looks for an ARN among those wanted. Each of its six parts is compared by
// itself, so that no * reaches over a colon into the next; what is no ARN, as
// most subjects are none, is among none.
// Source: IAM User Guide, "Condition operators", "Amazon Resource Name (ARN)
// condition operators".
func (c condition) arn(have string) Answer {
	const parts = 6
	of := strings.SplitN(have, ":", parts)
	var answers []Answer
	for _, want := range c.want {
		pattern := strings.SplitN(want, ":", parts)
		_, plain := compile(want, true, c.variables)
		switch {
		case len(of) != parts || of[0] != "arn":
		case !plain, want == "*": // of a lone * the page says nothing
			answers = append(answers, Unknown)
		case len(pattern) == parts:
			same := Yes
			for i, text := range pattern {
				p, _ := compile(text, true, c.variables)
				same = all(same, answer(p.matches(of[i])))
			}
			answers = append(answers, same)
		}
	}
	return some(answers...)
}

// nearly says what would have made a condition hold that does not, if it is a
// common slip; else it is empty.
func (c condition) nearly(have []string) string {
	name := strings.ToLower(c.operator)
	if strings.Contains(name, "not") || !strings.Contains(name, "string") {
		return ""
	}
	for _, h := range have {
		for _, want := range c.want {
			literal := !strings.Contains(name, "like")
			p, ok := compile(want, true, c.variables)
			switch {
			case ok && literal && p.matches(h):
				return c.operator + " takes * and ? for themselves; StringLike does not"
			case strings.EqualFold(want, h):
				return "they differ in case"
			case strings.TrimSpace(want) == h:
				return "there is a space around it"
			case strings.TrimSuffix(strings.TrimPrefix(want, "https://"), "/") == strings.TrimSuffix(strings.TrimPrefix(h, "https://"), "/"):
				return "they differ in https:// or a slash at the end"
			}
		}
	}
	return ""
}
