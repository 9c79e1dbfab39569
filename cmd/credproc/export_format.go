package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/quote"
)

// A variable of the environment.
type variable struct{ name, value string }

// variables are those that SDKs read credentials from. An empty one stands for
// what is not known, lest an old value stay in place. Botocore, the AWS CLI and
// the SDK for JavaScript read the expiration, and so tell an end from a fault.
// Source: AWS SDKs and Tools Reference Guide, "Environment variables list".
func (s static) variables() []variable {
	all := []variable{
		{"AWS_ACCESS_KEY_ID", s.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", s.SecretAccessKey},
		{"AWS_SESSION_TOKEN", s.SessionToken},
		{"AWS_CREDENTIAL_EXPIRATION", expiration(s.Credentials)},
	}
	if s.region != "" {
		all = append(all, variable{"AWS_REGION", s.region})
	}
	return all
}

// as writes the credentials down in a format.
func (s static) as(format string) (string, error) {
	switch format {
	case "json":
		return asJSON(struct {
			AccessKeyId     string
			SecretAccessKey string
			SessionToken    string `json:",omitempty"`
			Expiration      string `json:",omitempty"`
			AccountId       string `json:",omitempty"`
			Region          string `json:",omitempty"`
		}{s.AccessKeyID, s.SecretAccessKey, s.SessionToken, expiration(s.Credentials), s.AccountID, s.region})
	case "terragrunt":
		return asJSON(authProvider{AWSCredentials: &awsCredentials{s.AccessKeyID, s.SecretAccessKey, s.SessionToken}})
	}
	var b strings.Builder
	for _, v := range s.variables() {
		switch format {
		case "env":
			fmt.Fprintf(&b, "export %s=%s\n", v.name, quote.POSIX(v.value))
		case "fish":
			fmt.Fprintf(&b, "set -gx %s %s\n", v.name, quote.Fish(v.value))
		case "powershell":
			fmt.Fprintf(&b, "$env:%s = %s\n", v.name, quote.PowerShell(v.value))
		case "dotenv":
			value, err := quote.Dotenv(v.value)
			if err != nil {
				return "", fmt.Errorf("%s: %w", v.name, err)
			}
			fmt.Fprintf(&b, "%s=%s\n", v.name, value)
		}
	}
	return b.String(), nil
}

func asJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("writing the credentials: %w", err)
	}
	return string(text) + "\n", nil
}
