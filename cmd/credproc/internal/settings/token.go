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
		return nil, &Error{Text: "no web identity token for " + role, Hint: noTokenHint(getenv)}
	}
	src, err := token.New(spec.text, token.Options{Audience: all.find("audience").text, Getenv: getenv})
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("%s: %v", spec.origin, err),
			Hint: "see credproc --help"}
	}
	return src, nil
}

// noTokenHint says what to do where nothing names a token, by what it looks
// like around us: a job has its token only when it says that it wants one.
func noTokenHint(getenv func(string) string) string {
	for _, system := range []struct{ variable, hint string }{
		{"GITHUB_ACTIONS", "give the job `permissions: id-token: write`: without it GitHub Actions has no token for it"},
		{"GITLAB_CI", "give the job `id_tokens:`, and name the variable there with --token-source gitlab:VARIABLE"},
		{"BITBUCKET_BUILD_NUMBER", "give the step `oidc: true`: without it Bitbucket has no token for it"},
		{"TF_BUILD", "give the step `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`: without it Azure Pipelines has no token for it"},
		{"TFC_RUN_ID", "set TFC_WORKLOAD_IDENTITY_AUDIENCE in the workspace: without it HCP Terraform has no token for the run"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "set credential_source = EcsContainer beside role_arn: this looks like EKS Pod Identity or ECS, which give credentials instead"},
		{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "set credential_source = EcsContainer beside role_arn: this looks like ECS, which gives credentials instead"},
	} {
		if getenv(system.variable) != "" {
			return system.hint
		}
	}
	return "set web_identity_token_file in the profile, AWS_WEB_IDENTITY_TOKEN_FILE, or --token-source"
}
