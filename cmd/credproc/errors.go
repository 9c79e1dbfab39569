package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// All that users read of a failure is worded here and in the errors of source
// and token: stderr only, lower case, no final period. The first line stands
// alone, because many SDKs show no more. At most one hint follows, and it is
// something to do.

// Exit statuses.
const (
	exitOK          = 0
	exitOther       = 1
	exitUsage       = 2 // flags, profile or settings
	exitToken       = 3 // the web identity token is missing, malformed or expired
	exitRefused     = 4 // STS refused
	exitUnreachable = 5 // STS or the token's issuer could not be reached, or kept failing
	exitDeadline    = 6 // the deadline passed
)

func exitStatus(err error) int {
	var usage *settings.Error
	var failed *source.Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case !errors.As(err, &failed):
		return exitOther
	case failed.Code == source.CodeCABundle:
		return exitUsage
	}
	switch failed.Kind {
	case source.KindSettings:
		return exitUsage
	case source.KindToken:
		return exitToken
	case source.KindRefused:
		return exitRefused
	case source.KindUnreachable:
		return exitUnreachable
	case source.KindDeadline:
		return exitDeadline
	default:
		return exitOther
	}
}

func report(w io.Writer, err error) {
	text := fmt.Sprintf("credproc: error: %v\n", err)
	if h := hint(err); h != "" {
		text += fmt.Sprintf("credproc: hint: %s\n", h)
	}
	_, _ = io.WriteString(w, printable(text)) // one write: callers may share stderr
}

func hint(err error) string {
	var usage *settings.Error
	var failed *source.Error
	switch {
	case errors.As(err, &usage):
		return usage.Hint
	case errors.As(err, &failed):
		for _, h := range hints {
			if h.kind == failed.Kind && (h.code == "" || h.code == failed.Code) && strings.Contains(failed.Text, h.text) {
				return h.hint
			}
		}
	}
	return ""
}

// tokenFile is how the text of an error about a token in a file begins.
const tokenFile = "web identity token in /"

// hints, the first that fits counts. An empty code or text fits all.
var hints = []struct {
	kind       source.Kind
	code, text string
	hint       string
}{
	{source.KindToken, "", "is a directory",
		"name the token file itself"},
	{source.KindToken, "", "is a named pipe",
		"name a file: a token has to be read again and again"},
	{source.KindToken, string(token.Missing), tokenFile,
		"check web_identity_token_file; in Kubernetes the pod's service account needs the annotation eks.amazonaws.com/role-arn"},
	{source.KindToken, string(token.Missing), "nothing names one",
		"set web_identity_token_file in the profile, AWS_WEB_IDENTITY_TOKEN_FILE, or --token-source"},
	{source.KindToken, string(token.Missing), "the variable is not set",
		"check that the job sets the variable and passes it on to this process"},
	{source.KindToken, string(token.Unreadable), tokenFile,
		"let this user read the file; in Kubernetes set fsGroup in the pod's securityContext"},
	{source.KindToken, string(token.BadAlgorithm), "from Vault",
		"have Vault sign with RSA: vault write identity/oidc/key/KEY algorithm=RS256"},
	{source.KindToken, string(token.BadAlgorithm), "",
		"have the issuer sign with an RSA or ECDSA P-256, P-384 or P-521 key"},
	{source.KindToken, string(token.Expired), tokenFile,
		"nothing has renewed this file; in Kubernetes check that it is not mounted with subPath"},
	{source.KindToken, string(token.Expired), "",
		"start the job again: its token cannot be renewed; a role with a longer maximum session duration lasts longer"},
	{source.KindToken, string(token.Malformed), tokenFile,
		"the file must hold one JWT and nothing else, as the issuer gave it"},

	{source.KindSettings, source.CodeKeyMissing, "",
		"set both the access key's id and its secret, where the first line says"},
	{source.KindSettings, source.CodeKeyExpired, "",
		"put new credentials there, or use a source that renews itself: a web identity token, or credential_process"},
	{source.KindSettings, source.CodeLoop, "",
		"name another profile in the command, one that does not run credproc"},
	{source.KindSettings, "", "AWS_CONTAINER_",
		"this is for containers of ECS and EKS Pod Identity: check that the task or service account has a role"},

	{source.KindRefused, source.CodeNoIMDS, "",
		"on EC2, switch the instance's metadata service on; elsewhere credential_source is not Ec2InstanceMetadata"},
	{source.KindRefused, source.CodeNoRole, "",
		"attach an instance profile with a role to the instance"},
	{source.KindRefused, "", "container credentials",
		"check the association of the pod's service account, or the task's role"},
	{source.KindRefused, "", "the token is for pods.eks.amazonaws.com",
		"that is EKS Pod Identity's own: set credential_source = EcsContainer instead, or have a token issued for sts.amazonaws.com"},
	{source.KindRefused, "InvalidClientTokenId", "",
		"check the access key: STS knows none that is deleted, switched off or of another partition"},
	{source.KindRefused, "SignatureDoesNotMatch", "",
		"check the secret access key: it is another key's, or only a part"},
	{source.KindRefused, "AccessDenied", "sts:AssumeRole on",
		"let the role's trust policy name the caller, with its external ID if it asks for one, and the caller's own policy allow sts:AssumeRole"},
	{source.KindRefused, "AccessDenied", "",
		"compare `credproc token` with the role's trust policy, and check the role's name and account"},
	{source.KindRefused, "InvalidIdentityToken", "audience",
		"add the token's audience to the IAM OIDC provider, or have the token issued for sts.amazonaws.com"},
	{source.KindRefused, "InvalidIdentityToken", "No OpenIDConnect provider",
		"create an IAM OIDC provider for the token's issuer in the role's account: `credproc token` prints the command"},
	{source.KindRefused, "ValidationError", "MaxSessionDuration",
		"lower duration_seconds, or raise the role's maximum session duration"},
	{source.KindRefused, "ValidationError", "roleArn",
		"check role_arn: a role ARN looks like arn:aws:iam::111122223333:role/NAME"},
	{source.KindRefused, "ValidationError", "roleSessionName",
		"check role_session_name: 2 to 64 letters, digits and _=,.@-+"},
	{source.KindRefused, "MalformedPolicyDocument", "",
		"check that policy is a JSON policy document"},
	{source.KindRefused, "PackedPolicyTooLarge", "",
		"shorten the session policy, or the token's session tags"},
	{source.KindRefused, "RegionDisabledException", "",
		"activate STS for this region in the account's settings, or set another region"},

	{source.KindUnreachable, string(token.Unreachable), "the command did not finish",
		"run the command by hand: it must print the token within 15 s, without asking anybody"},
	{source.KindUnreachable, string(token.Unreachable), "",
		"check that the token's issuer runs, HTTPS_PROXY, and what the firewall or network policy lets out"},
	{source.KindUnreachable, source.CodeHopLimit, "",
		"raise the hop limit: " + source.HopLimitCommand},
	{source.KindUnreachable, source.CodeNoIMDS, "",
		"this works on EC2 alone: elsewhere use another credential_source or a web identity token"},
	{source.KindUnreachable, source.CodeProcess, "",
		"run the command by hand: it must print one credential_process object and ask nobody"},
	{source.KindDeadline, source.CodeProcess, "",
		"run the command by hand: it must not ask anybody; --timeout gives more time"},
	{source.KindUnreachable, source.CodeCertificate, "",
		"name the authority that signed the certificate in ca_bundle or AWS_CA_BUNDLE"},
	{source.KindUnreachable, source.CodeCABundle, "",
		"check ca_bundle and AWS_CA_BUNDLE: a file of PEM certificates"},
	{source.KindUnreachable, "", "HTTP status 5",
		"the server or a proxy in front of it is out of order: try again, or another region"},
	{source.KindUnreachable, "", "hrottl",
		"ask less: let all processes of the machine share one cache folder"},
	{source.KindUnreachable, "", "no such host",
		"check region, endpoint_url and the machine's DNS"},
	{source.KindUnreachable, "", "",
		"check region, endpoint_url, HTTPS_PROXY, and what the firewall or network policy lets out"},
	{source.KindDeadline, "", "",
		"check what the firewall or network policy lets out; --timeout gives more time"},
}
