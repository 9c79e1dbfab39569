package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// A Document is a trust policy that somebody wrote.
type Document struct {
	// RoleARN is the role's, where the text told it, or empty.
	RoleARN string

	version    string
	statements []map[string]any
}

// errForm says what Parse takes.
const errForm = formError("is not a trust policy: neither a policy document nor what `aws iam get-role` prints")

type formError string

func (e formError) Error() string { return string(e) }

// Parse reads a trust policy: the bare document, what `aws iam get-role` prints,
// or either as a JSON string or percent-encoded, as the API gives it. Its error
// continues the name of the file and quotes nothing from it.
func Parse(text []byte) (Document, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 {
		return Document{}, errors.New("is empty")
	}
	if text[0] == '%' {
		plain, err := url.PathUnescape(string(text))
		if err != nil {
			return Document{}, errForm
		}
		text = []byte(plain)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return Document{}, fmt.Errorf("is not JSON (byte %d)", d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return Document{}, errors.New("holds more than one JSON value")
	}
	return document(v, 0)
}

// document finds the policy in what was read, however it is wrapped.
func document(v any, depth int) (Document, error) {
	if depth > 3 {
		return Document{}, errForm
	}
	switch v := v.(type) {
	case string:
		doc, err := Parse([]byte(v))
		if err != nil {
			return doc, errForm
		}
		return doc, nil
	case map[string]any:
		if role, ok := v["Role"]; ok {
			return document(role, depth+1)
		}
		if inner, ok := v["AssumeRolePolicyDocument"]; ok {
			doc, err := document(inner, depth+1)
			if arn, ok := v["Arn"].(string); ok {
				doc.RoleARN = arn
			}
			return doc, err
		}
		return bare(v)
	}
	return Document{}, errForm
}

func bare(v map[string]any) (Document, error) {
	var doc Document
	doc.version, _ = v["Version"].(string)
	list, ok := v["Statement"].([]any)
	if one, is := v["Statement"].(map[string]any); is {
		list, ok = []any{one}, true
	}
	if !ok {
		return Document{}, errForm
	}
	for i, s := range list {
		object, ok := s.(map[string]any)
		if !ok {
			return Document{}, fmt.Errorf("is no policy: statement %d is not an object", i+1)
		}
		if effect := object["Effect"]; effect != "Allow" && effect != "Deny" {
			return Document{}, fmt.Errorf("is no policy: the Effect of statement %d is neither Allow nor Deny", i+1)
		}
		if !wellFormed(object["Condition"]) {
			return Document{}, fmt.Errorf("is no policy: the Condition of statement %d is not operators with keys and values", i+1)
		}
		doc.statements = append(doc.statements, object)
	}
	return doc, nil
}

// wellFormed reports whether a Condition, or none, is in a form that IAM takes:
// what is overlooked here would be a condition that holds.
func wellFormed(v any) bool {
	if v == nil {
		return true
	}
	block, ok := v.(map[string]any)
	if !ok {
		return false
	}
	for _, keys := range block {
		if _, ok := keys.(map[string]any); !ok {
			return false
		}
	}
	return true
}
