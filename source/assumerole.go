package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// AssumeRole trades credentials for those of another role, with STS AssumeRole.
// Each link of a chain is one.
type AssumeRole struct {
	// Base has the credentials that sign the request. It is asked at every
	// Retrieve, so what lies behind it is best kept in a cache.
	Base Source

	RoleARN     string
	SessionName string // 2 to 64 of [\w+=,.@-]

	// Duration is how long the session is to last, 15 minutes to 12 hours, and
	// no longer than the role allows. Zero leaves it to the server: one hour at
	// AWS. With temporary base credentials AWS gives one hour at most, and no
	// more is asked for.
	Duration time.Duration

	// ExternalID is what the role's trust policy may demand. Empty sends none.
	ExternalID string

	// Policy is a JSON session policy, PolicyARNs are managed ones; both narrow
	// what the role may do. Empty means all that the role may.
	Policy     string
	PolicyARNs []string

	// SourceIdentity stays with the session and with all that it assumes. Empty
	// sends none.
	SourceIdentity string

	// Tags are session tags, at most 50, their keys unlike in more than case;
	// those named in TransitiveTagKeys stay with what the session assumes.
	Tags              []Tag
	TransitiveTagKeys []string

	STS STS

	// Logf is told in one line when a shorter session is asked for than
	// Duration. Nil is silence.
	Logf func(format string, args ...any)
}

// A Tag is a session tag.
type Tag struct{ Key, Value string }

// Key names the role, how it is asked for and with whose credentials.
func (r *AssumeRole) Key() Key {
	base := r.Base.Key()
	settings := []string{"assume-role",
		"base", base.Settings,
		"role", r.RoleARN,
		"session", r.SessionName,
		"duration", strconv.Itoa(int(r.Duration / time.Second)),
		"external-id", r.ExternalID,
		"source-identity", r.SourceIdentity,
		"policy", r.Policy,
		"policy-arns", strconv.Itoa(len(r.PolicyARNs))}
	settings = append(settings, slices.Sorted(slices.Values(r.PolicyARNs))...)
	settings = append(settings, "tags", strconv.Itoa(len(r.Tags)))
	for _, t := range slices.SortedFunc(slices.Values(r.Tags), func(a, b Tag) int { return cmp.Compare(a.Key, b.Key) }) {
		settings = append(settings, t.Key, t.Value)
	}
	settings = append(settings, "transitive", strconv.Itoa(len(r.TransitiveTagKeys)))
	settings = append(settings, slices.Sorted(slices.Values(r.TransitiveTagKeys))...)
	return Key{
		Settings: digest(append(settings, r.STS.settings(r.RoleARN)...)...),
		Identity: base.Identity,
		Role:     r.RoleARN,
		Subject:  base.Subject,
	}
}

// Retrieve asks STS until it has credentials, a refusal, or ctx is done. An
// error of Base is returned as it is: it says which link failed.
func (r *AssumeRole) Retrieve(ctx context.Context) (Credentials, error) {
	client, err := r.STS.client(r.RoleARN)
	if err != nil {
		return Credentials{}, unusable(r.RoleARN, err)
	}
	base, err := r.Base.Retrieve(ctx)
	if err != nil {
		return Credentials{}, AsError(err)
	}
	duration := r.duration(base)
	creds, a := insist(ctx, func(ctx context.Context, limit time.Duration) (Credentials, answer) {
		creds, err := r.ask(ctx, client, base, duration, limit)
		return creds, classify(err, base.SecretAccessKey, base.SessionToken)
	}, func(a answer) bool {
		if offClock(a) {
			return true // by now the client knows STS's clock
		}
		if _, ok := spent[a.code]; !ok {
			return false
		}
		newer, err := r.Base.Retrieve(ctx)
		if err != nil || newer.AccessKeyID == base.AccessKeyID {
			return false
		}
		base = newer
		return true
	})
	if a.kind != "" {
		if why, ok := spent[a.code]; ok && a.kind == KindRefused {
			a.text = fmt.Sprintf("the base credentials %s %s: %s", base.AccessKeyID, why, a.text)
		}
		return Credentials{}, a.assuming(r.RoleARN, r.STS)
	}
	return creds, nil
}

// spent says what STS's codes mean that are about the base credentials and not
// about the role.
// Source: AWS STS API Reference, "Common Error Types".
var spent = map[string]string{
	"ExpiredToken":          "have expired",
	"ExpiredTokenException": "have expired",
	"InvalidClientTokenId":  "are none that STS knows",
}

// offClock reports whether a signature was refused for its date alone. The SDK
// learns the server's clock from every answer and signs by it from then on.
func offClock(a answer) bool {
	return strings.Contains(a.text, "Signature expired") || strings.Contains(a.text, "Signature not yet current")
}

// chainLimit is the longest session that temporary credentials can ask for.
// Source: IAM User Guide, "Methods to assume a role", role chaining.
const chainLimit = time.Hour

// duration is how long a session to ask for with base. Access keys of AWS that
// are temporary begin with ASIA; nearly all of them are a role's. (Those of
// GetSessionToken are not, and could have more than they get here.)
// Source: IAM User Guide, "IAM identifiers", unique ID prefixes.
func (r *AssumeRole) duration(base Credentials) time.Duration {
	if r.Duration <= chainLimit || !strings.HasPrefix(base.AccessKeyID, "ASIA") {
		return r.Duration
	}
	if r.Logf != nil {
		r.Logf("asking for 1h instead of %v of %s: AWS gives no more to a chain of roles", r.Duration, r.RoleARN)
	}
	return chainLimit
}

// ask makes one request, which may take limit.
func (r *AssumeRole) ask(ctx context.Context, client *sts.Client, base Credentials, duration, limit time.Duration) (Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	in := &sts.AssumeRoleInput{
		RoleArn:           aws.String(r.RoleARN),
		RoleSessionName:   aws.String(r.SessionName),
		ExternalId:        optional(r.ExternalID),
		SourceIdentity:    optional(r.SourceIdentity),
		Policy:            optional(r.Policy),
		PolicyArns:        policies(r.PolicyARNs),
		TransitiveTagKeys: r.TransitiveTagKeys,
	}
	if duration != 0 {
		in.DurationSeconds = aws.Int32(int32(duration / time.Second))
	}
	for _, t := range r.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	sent := time.Now()
	out, err := client.AssumeRole(ctx, in, signedBy(base))
	if err != nil {
		return Credentials{}, err
	}
	creds, err := fromSTS(out.Credentials, sent, out.ResultMetadata)
	if err != nil {
		return Credentials{}, err
	}
	creds.AccountID = account(out.AssumedRoleUser, r.RoleARN)
	creds.Identity = base.Identity
	return creds, nil
}

// signedBy has requests signed with c.
func signedBy(c Credentials) func(*sts.Options) {
	return func(o *sts.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
		})
		if o.Region == "aws-global" && o.BaseEndpoint != nil {
			// Only AWS's own endpoints make the SDK sign for the region that
			// this stands for.
			o.Region = "us-east-1"
		}
	}
}

// optional is nil for an empty text: STS takes no empty parameter.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func policies(arns []string) []types.PolicyDescriptorType {
	var all []types.PolicyDescriptorType
	for _, arn := range arns {
		all = append(all, types.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	return all
}
