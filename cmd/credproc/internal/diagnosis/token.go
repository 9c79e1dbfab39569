package diagnosis

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/credproc/credproc/source/token"
)

// Audiences that say what a token is meant for.
// Sources: EKS User Guide, "IAM roles for service accounts" and "EKS Pod
// Identity"; Kubernetes documentation, "Managing Service Accounts".
const (
	forSTS         = "sts.amazonaws.com"
	forPodIdentity = "pods.eks.amazonaws.com"
	forKubernetes  = "kubernetes.default.svc"
)

// Token checks a web identity token. place is where it stands, for people; file
// is its path, or empty where it is in no file; hint words what can be done
// about an error.
func (f *Findings) Token(t token.Token, err error, place, file string, now time.Time, hint func(error) string) {
	if err != nil {
		action := hint(err)
		var bad *token.Error
		if errors.As(err, &bad) && bad.Problem == token.Expired && file != "" {
			action = renewAction(file)
		}
		f.Problem("token", file, err.Error(), action)
		return
	}
	c := t.Claims
	left := c.Expiry.Sub(now).Round(time.Second)
	switch {
	case c.Expiry.IsZero():
		f.Problem("token", file, "web identity token "+place+" has no exp claim; STS takes none without", "have the issuer set exp")
	case left <= 0:
		f.Problem("token", file, fmt.Sprintf("web identity token %s expired %v ago", place, -left), f.expired(file))
	case c.NotBefore.After(now):
		f.Warn("token", file, fmt.Sprintf("web identity token %s is not valid before %s", place, c.NotBefore.UTC().Format(time.RFC3339)),
			"compare this machine's clock with the issuer's: credproc doctor --online")
	default:
		f.OK("token", file, fmt.Sprintf("web identity token %s is for %s, another %s, signed with %s", place, short(c.Subject), shortTime(left), t.Algorithm))
		if file != "" {
			f.renewal(c, file, now)
		}
	}
	f.audience(c, file)
}

func (f *Findings) expired(file string) string {
	if file == "" {
		return "start the job again: its token cannot be renewed"
	}
	return renewAction(file)
}

func renewAction(file string) string {
	if isMount(file, mounts()) {
		return "mount the volume without subPath: kubelet never renews a file that is mounted by itself"
	}
	return "nothing has renewed this file; in Kubernetes check that it is not mounted with subPath"
}

// renewal says whether the file is renewed as kubelet does it: at 80 % of a
// token's life, or after a day.
// Source: Kubernetes documentation, "Configure Service Accounts for Pods",
// service account token volume projection.
func (f *Findings) renewal(c token.Claims, file string, now time.Time) {
	const check = "token-renewal"
	if isMount(file, mounts()) {
		f.Problem(check, file, fmt.Sprintf("%s is mounted by itself, with subPath: it is never renewed, and ends %s", file, c.Expiry.UTC().Format(time.RFC3339)), renewAction(file))
		return
	}
	life := c.Expiry.Sub(c.IssuedAt)
	if c.IssuedAt.IsZero() || life <= 0 {
		return
	}
	if used := now.Sub(c.IssuedAt); used > life*9/10 {
		f.Warn(check, file, fmt.Sprintf("%d %% of the token's life are over and nobody has renewed the file; kubelet does at 80 %%", used*100/life),
			"find out who renews the file; in Kubernetes check that it is not mounted with subPath")
	}
}

// audience says whom the token is for.
func (f *Findings) audience(c token.Claims, file string) {
	const check = "token-audience"
	aud := c.Audience
	has := func(part string) bool {
		return slices.ContainsFunc(aud, func(one string) bool { return strings.Contains(one, part) })
	}
	switch {
	case slices.Contains(aud, forSTS):
		f.OK(check, file, "the token's audience is "+forSTS)
	case has(forPodIdentity):
		f.Problem(check, file, "the token's audience is "+forPodIdentity+": it is for EKS Pod Identity's agent, and STS refuses it",
			"say credential_source = EcsContainer instead of role_arn and web_identity_token_file: the agent gives credentials")
	case has(forKubernetes):
		f.Problem(check, file, "the token's audience is Kubernetes itself: it is the pod's key to the API server, and STS refuses it",
			"project a token with audience: sts.amazonaws.com, and name that file")
	case len(aud) == 0:
		f.Problem(check, file, "the token has no aud claim", "have the token issued for "+forSTS)
	default:
		f.Warn(check, file, fmt.Sprintf("the token's audience is %s", short(strings.Join(aud, ", "))),
			"see that the IAM OIDC provider lists this audience, or have the token issued for "+forSTS)
	}
}

// mounts are the mount points of this process, where the system tells.
func mounts() []string {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer file.Close()
	var points []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 4 {
			points = append(points, strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[4]))
		}
	}
	return points
}

// isMount reports whether the file is a mount point of its own.
func isMount(file string, points []string) bool { return slices.Contains(points, file) }

// short is text from a token, for a message.
func short(text string) string {
	if len(text) > 60 {
		text = text[:57] + "…"
	}
	return fmt.Sprintf("%q", text)
}

// shortTime is a time in its two largest units.
func shortTime(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return d.Round(time.Second).String()
	}
}
