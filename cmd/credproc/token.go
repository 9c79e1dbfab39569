package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/cmd/credproc/internal/trust"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

const tokenLong = `Shows what the web identity token says that get would send to STS, and the IAM
OIDC provider and trust policy that accept exactly this token. Nothing is sent to
AWS, and the signature is not verified: only STS can say whether it is good.

With --role-trust it compares the token with a trust policy and says which
condition of which statement does not hold, and what the token has instead. The
exit status is 0 if the policy accepts the token, and 1 if not, or if something
decides that the token does not say, such as the caller's address.

The token itself is a secret and is never shown, unless --raw prints it.`

const tokenExamples = `  # what the token says, and the trust policy for it
  credproc token --profile migration-role

  # why is it AccessDenied
  aws iam get-role --role-name migrator | credproc token --profile migration-role --role-trust -

  # the subject alone
  credproc token --json | jq -r .claims.sub`

func newToken() *cobra.Command {
	c := &cobra.Command{
		Use:     "token",
		Short:   "show the web identity token's claims and the trust policy that accepts it",
		Long:    tokenLong,
		Example: tokenExamples,
		Args:    noArgs,
	}
	t := tokenView{options: bind(c.Flags()), now: time.Now}
	for _, name := range []string{"duration-seconds", "policy", "policy-arn", "assume-role", "external-id", "source-identity", "tag", "credential-process", "cache-dir", "no-cache", "endpoint-url", "log-file"} {
		_ = c.Flags().MarkHidden(name) // they say nothing of the token
	}
	c.Flags().StringVar(&t.roleTrust, "role-trust", "", "compare the token with the trust policy in this `file`, - for stdin: a policy document, or what aws iam get-role prints")
	c.Flags().BoolVar(&t.json, "json", false, "print JSON")
	c.Flags().BoolVar(&t.raw, "raw", false, "print the token itself, a secret, and nothing else")
	c.RunE = func(c *cobra.Command, _ []string) error { return t.run(c.Context(), c.OutOrStdout()) }
	return c
}

// A tokenView is one look at a web identity token.
type tokenView struct {
	options
	roleTrust string
	json, raw bool
	now       func() time.Time
}

func (t tokenView) run(ctx context.Context, out io.Writer) error {
	if t.raw && (t.json || t.roleTrust != "") {
		return &settings.Error{Text: "--raw prints the token and nothing else", Hint: "leave the other flag out"}
	}
	timeout, err := t.timeout()
	if err != nil {
		return err
	}
	w, err := settings.Token(t.given, os.Getenv)
	if err != nil {
		return err
	}
	var policy *trust.Document
	if t.roleTrust != "" {
		if policy, err = readPolicy(t.roleTrust); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tok, err := w.Source.Token(ctx)
	if err != nil {
		if ctx.Err() != nil && !errors.As(err, new(*token.Error)) {
			return &source.Error{Kind: source.KindDeadline, Text: fmt.Sprintf("no web identity token %s within %v", w.Source, timeout), Err: err}
		}
		return source.AsError(err)
	}
	if t.raw {
		_, err := io.WriteString(out, tok.Raw()+"\n")
		return err
	}
	v := look(w, tok, policy, t.now())
	write := v.write
	if t.json {
		write = v.writeJSON
	}
	var b bytes.Buffer
	write(&b)
	if _, err := io.WriteString(out, printable(b.String())); err != nil {
		return err
	}
	if v.expired() {
		warn(fmt.Sprintf("this token has expired %v ago: STS will not take it", -v.left().Round(time.Second)))
	}
	if v.Comparison != nil && v.Comparison.Accepts != trust.Yes {
		return &ended{status: exitOther} // it has been said on stdout
	}
	return nil
}

// maxPolicy is far more than a trust policy may have: 2,048 characters, with the
// rest of what aws iam get-role prints. In bytes.
const maxPolicy = 1 << 20

func readPolicy(path string) (*trust.Document, error) {
	name, file := path, os.Stdin
	if path == "-" {
		name = "stdin"
	} else {
		var err error
		if file, err = os.Open(path); err != nil {
			return nil, &settings.Error{Text: err.Error(), Hint: "--role-trust names the file with the trust policy, or - for stdin"}
		}
		defer file.Close()
	}
	text, err := io.ReadAll(io.LimitReader(file, maxPolicy+1))
	switch {
	case err != nil:
		return nil, &settings.Error{Text: fmt.Sprintf("%s: %v", name, err)}
	case len(text) > maxPolicy:
		return nil, &settings.Error{Text: fmt.Sprintf("%s: is larger than %d KiB", name, maxPolicy>>10)}
	}
	doc, err := trust.Parse(text)
	if err != nil {
		return nil, &settings.Error{Text: fmt.Sprintf("%s %v", name, err),
			Hint: "get it with `aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`"}
	}
	return &doc, nil
}

// claimsOf are all claims of a token that has been parsed already. Numbers stay
// as they were written.
func claimsOf(tok token.Token) map[string]any {
	claims := make(map[string]any)
	parts := strings.Split(tok.Raw(), ".")
	if len(parts) != 3 {
		return claims
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&claims)
	return claims
}

// look gathers what there is to say of a token.
func look(w settings.WebToken, tok token.Token, policy *trust.Document, now time.Time) *tokenFacts {
	claims := tok.Claims
	v := &tokenFacts{
		Place: w.Source.String(), Claims: claimsOf(tok), Algorithm: tok.Algorithm, KeyID: tok.KeyID,
		IssuedAt: claims.IssuedAt, NotBefore: claims.NotBefore, ExpiresAt: claims.Expiry, now: now,
		Renewable: w.Source.Renewable(), Role: w.RoleARN,
	}
	if !claims.Expiry.IsZero() {
		seconds := int64(v.left() / time.Second)
		v.SecondsLeft = &seconds
	}
	caller := trust.Caller{Issuer: claims.Issuer, Subject: claims.Subject, Audience: claims.Audience,
		Claims: v.Claims, SessionName: w.SessionName}
	role := w.RoleARN
	if policy != nil && policy.RoleARN != "" {
		if role != "" && role != policy.RoleARN {
			v.Notes = append(v.Notes, fmt.Sprintf("the trust policy is that of %s, and the settings ask for %s", policy.RoleARN, role))
		}
		role = policy.RoleARN
	}
	if parts := strings.SplitN(role, ":", 6); len(parts) == 6 && parts[2] == "iam" {
		caller.Partition, caller.Account = parts[1], parts[4]
	}
	if role == "" {
		caller.Partition = partitionOf(w.Region)
	}
	v.Account, v.Provider = caller.Account, caller.Principal()
	if v.Account == "" {
		v.Account = trust.AccountPlaceholder
		if !caller.BuiltIn() {
			v.Notes = append(v.Notes, "no role is named, so "+trust.AccountPlaceholder+" stands for the account's number")
		}
	}
	if !caller.BuiltIn() {
		v.CreateProvider = createProvider(caller)
	}
	v.TrustPolicy = caller.Policy()
	v.Notes = append(v.Notes, caller.Notes()...)
	if policy != nil {
		j := policy.Judge(caller)
		v.Comparison = &j
	}
	return v
}

// partitionOf is the partition of a region, or empty where there is none.
func partitionOf(region string) string {
	switch {
	case region == "":
		return ""
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc"
	default:
		return "aws"
	}
}
