package token

import (
	"encoding/json"
	"fmt"

	"github.com/credproc/credproc/source/internal/redact"
)

// google reads the JSON of executable-sourced credentials, of which version 1
// is the only one. Its expiration_time is not looked at: STS judges the token's
// own, by its own clock.
// Source: AIP-4117, and google-auth-library's executable-response.
func (e *Exec) google(stdout []byte) (Token, error) {
	var answer map[string]any
	if json.Unmarshal(stdout, &answer) != nil { // its error would quote the answer
		return Token{}, e.fail(Malformed, "is none: the command printed JSON that cannot be read", nil)
	}
	success, ok := answer["success"].(bool)
	if answer["version"] != 1.0 || !ok {
		return Token{}, e.fail(Malformed, "is none: the command printed JSON that is not version 1 of executable-sourced credentials", nil)
	}
	if !success {
		message, _ := answer["message"].(string)
		return Token{}, e.fail(Refused, "was refused: "+redact.Line(fmt.Sprint(answer["code"])+": "+message, maxTail), nil)
	}
	switch answer["token_type"] {
	case "urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt":
	default:
		return Token{}, e.fail(Malformed, "is none: the command printed a token_type other than id_token and jwt", nil)
	}
	text, ok := answer["id_token"].(string)
	if !ok {
		return Token{}, e.fail(Malformed, "is none: the command printed JSON without an id_token", nil)
	}
	return from(e, []byte(text))
}
