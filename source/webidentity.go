package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credproc/credproc/source/token"
)

// WebIdentity trades a web identity token for credentials of a role, with STS
// AssumeRoleWithWebIdentity.
type WebIdentity struct {
	Token       token.Source
	RoleARN     string
	SessionName string // 2 to 64 of [\w+=,.@-]

	// Duration is how long the session is to last, 15 minutes to 12 hours, and
	// no longer than the role allows. Zero leaves it to the server: one hour at
	// AWS, the token's own life at MinIO. But where the token cannot be renewed,
	// zero means as long as the role allows: see longest.go.
	Duration time.Duration

	// AsLongAsAllowed gives zero that meaning for tokens that can be renewed, too:
	// for credentials that go where nothing renews them.
	AsLongAsAllowed bool

	// Policy is a JSON session policy, PolicyARNs are managed ones; both narrow
	// what the role may do. Empty means all that the role may.
	Policy     string
	PolicyARNs []string

	STS STS

	// Longest remembers what the role allows. The zero Memory remembers nothing.
	Longest Memory
}

// Key names the role, how it is asked for and who asks.
func (w *WebIdentity) Key() Key {
	arns := slices.Sorted(slices.Values(w.PolicyARNs))
	settings := slices.Concat([]string{"web-identity",
		"role", w.RoleARN,
		"session", w.SessionName,
		"duration", strconv.Itoa(int(w.Duration / time.Second)), strconv.FormatBool(w.wantsLongest()),
		"token", w.Token.String(),
		"policy", w.Policy,
		"policy-arns"}, arns, w.STS.settings(w.RoleARN))
	identity := w.Token.Identity()
	// A file may be between two writes, and then its last holder is meant. What
	// else is missing stays missing: another job's session is not for this one.
	if _, file := w.Token.(token.File); !file && identity.Digest == "" {
		identity.Digest = digest("nobody")
	}
	return Key{
		Settings: digest(settings...),
		Identity: identity.Digest,
		Role:     w.RoleARN,
		Subject:  identity.Subject,
	}
}

// Retrieve asks STS until it has credentials, a refusal, or ctx is done. Every
// try gets the token anew: one that lives five minutes can run out while we
// wait, and a file may have been replaced.
func (w *WebIdentity) Retrieve(ctx context.Context) (Credentials, error) {
	client, err := w.STS.client(w.RoleARN)
	if err != nil {
		return Credentials{}, unusable(w.RoleARN, err)
	}
	var tok token.Token
	creds, a := insist(ctx, func(ctx context.Context, limit time.Duration) (Credentials, answer) {
		var err error
		tok, err = w.Token.Token(ctx)
		if err == nil {
			err = w.tooLate(tok)
		}
		if err != nil && ctx.Err() == nil {
			kind := AsError(err).Kind
			return Credentials{}, answer{kind: kind, err: err, retry: kind == KindUnreachable}
		}
		var creds Credentials
		if err == nil {
			creds, err = w.session(ctx, client, tok, limit)
		}
		return creds, classify(err, tok.Raw())
	}, func(a answer) bool { return w.expired(a, tok) && w.replaced(ctx, tok) })
	if a.kind != "" {
		return Credentials{}, w.explain(a, tok)
	}
	return creds, nil
}

// ask makes one request, which may take limit, for a session of that duration;
// zero leaves it to the server.
func (w *WebIdentity) ask(ctx context.Context, client *sts.Client, tok token.Token, duration, limit time.Duration) (Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	in := &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String(w.RoleARN),
		RoleSessionName:  aws.String(w.SessionName),
		WebIdentityToken: aws.String(tok.Raw()),
	}
	if duration != 0 {
		in.DurationSeconds = aws.Int32(int32(duration / time.Second))
	}
	in.Policy, in.PolicyArns = optional(w.Policy), policies(w.PolicyARNs)
	sent := time.Now()
	out, err := client.AssumeRoleWithWebIdentity(ctx, in)
	if err != nil {
		return Credentials{}, err
	}
	creds, err := fromSTS(out.Credentials, sent, out.ResultMetadata)
	if err != nil {
		return Credentials{}, err
	}
	if duration != 0 && creds.Lifetime() > duration {
		creds.Expiration = creds.Issued.Add(duration) // a proxy's Date is not STS's
	}
	creds.AccountID = account(out.AssumedRoleUser, w.RoleARN)
	creds.Identity = tok.Identity().Digest
	return creds, nil
}

// expired reports whether the token's age explains a refusal: STS says so, or
// finds fault with the token while our clock says that it is past its exp, as
// MinIO does with InvalidParameterValue.
func (w *WebIdentity) expired(a answer, tok token.Token) bool {
	switch a.code {
	case "ExpiredTokenException", "ExpiredToken":
		return a.kind == KindRefused
	case "InvalidParameterValue", "InvalidIdentityToken":
		exp := tok.Claims.Expiry
		return a.kind == KindRefused && !exp.IsZero() && time.Now().After(exp)
	default:
		return false
	}
}

// replaced reports whether the token source has another token by now.
func (w *WebIdentity) replaced(ctx context.Context, old token.Token) bool {
	tok, err := w.Token.Token(ctx)
	return err == nil && tok.Raw() != old.Raw()
}

// explain words a failure.
func (w *WebIdentity) explain(a answer, tok token.Token) *Error {
	var tokenErr *token.Error
	switch {
	case errors.As(a.err, &tokenErr):
		return AsError(tokenErr)
	case !w.expired(a, tok):
		if a.kind == KindRefused && slices.Contains(tok.Claims.Audience, podIdentity) {
			a.text += "; the token is for " + podIdentity
		}
		return a.assuming(w.RoleARN, w.STS)
	case tok.Claims.Expiry.IsZero(), time.Now().Before(tok.Claims.Expiry):
		return AsError(&token.Error{Problem: token.Expired, Place: w.Token.String(), Detail: "is expired, says STS: " + a.text})
	default:
		return AsError(w.past(tok))
	}
}

// podIdentity is the audience of the tokens that EKS gives to its agent on each
// node. STS trades them for nothing; as there is a token, people try.
// Source: EKS User Guide, "Understand how EKS Pod Identity works".
const podIdentity = "pods.eks.amazonaws.com"

// past is the error of a token that is past its end.
func (w *WebIdentity) past(tok token.Token) error {
	exp := tok.Claims.Expiry
	return &token.Error{Problem: token.Expired, Place: w.Token.String(),
		Detail: fmt.Sprintf("expired %s ago (%s)", short(time.Since(exp)), exp.UTC().Format("2 Jan 15:04:05Z"))}
}

// short is a duration as people say it: its largest unit only.
func short(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}
