package settings

import (
	"fmt"

	"github.com/credproc/credproc/source/token"
)

// tokenSpec says where web identity tokens come from, in the form of token.New.
// The highest layer that names a token source or a token file decides; where
// none does, the environment may be that of a CI system. It is the zero setting
// when nobody knows.
func tokenSpec(all layers, getenv func(string) string) (setting, error) {
	for _, l := range all {
		spec, file := layers{l}.find("token_source"), layers{l}.find("web_identity_token_file")
		switch {
		case spec.text != "" && file.text != "":
			return setting{}, &Error{Text: fmt.Sprintf("both %s and %s are set", spec.origin, file.origin),
				Hint: "keep the one that the token is to come from"}
		case spec.text != "":
			return spec, nil
		case file.text != "":
			path, err := absolute(file)
			return setting{"file:" + path, file.origin}, err
		}
	}
	spec, ok := token.Detect(getenv)
	if !ok {
		return setting{}, nil
	}
	return setting{spec, "the environment"}, nil
}

func tokenSource(all layers, role string, getenv func(string) string) (token.Source, error) {
	spec, err := tokenSpec(all, getenv)
	if err != nil {
		return nil, err
	}
	if spec.text == "" {
		return nil, &Error{Text: "no web identity token for " + role,
			Hint: "set web_identity_token_file in the profile, AWS_WEB_IDENTITY_TOKEN_FILE, or --token-source"}
	}
	src, err := token.New(spec.text, token.Options{Audience: all.find("audience").text, Getenv: getenv})
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("%s: %v", spec.origin, err),
			Hint: "see credproc --help"}
	}
	return src, nil
}
