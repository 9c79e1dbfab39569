package e2e

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// TestServeMetrics has Prometheus' own parser read what serve writes by hand,
// and Prometheus' own parser of rules the alerts that the documentation makes of
// it.
func TestServeMetrics(t *testing.T) {
	ctx := testContext(t)
	m := world.Machine(t)
	e := serving(ctx, t, m)
	defer e.end(t)
	for range 3 {
		r, err := http.NewRequestWithContext(ctx, "GET", e.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		token, err := os.ReadFile(e.tokenFile)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", string(token))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	answer, err := http.Get(e.metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if format := expfmt.ResponseFormat(answer.Header); format.FormatType() != expfmt.TypeTextPlain {
		t.Errorf("the format is %s", format)
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		t.Fatalf("%v\n%s", err, page)
	}
	value := func(name string) float64 {
		f := families[name]
		if f == nil || len(f.Metric) == 0 {
			t.Errorf("there is no %s\n%s", name, page)
			return 0
		}
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		one := f.Metric[0]
		if h := one.GetHistogram(); h != nil {
			return float64(h.GetSampleCount())
		}
		return one.GetGauge().GetValue() + one.GetCounter().GetValue()
	}
	last, _ := m.STS.LastGranted()
	if at := value("credproc_credentials_expiration_timestamp_seconds"); at < float64(last.Expiration.Unix()-2) || at > float64(last.Expiration.Unix()+2) {
		t.Errorf("the credentials end at %f, not %d", at, last.Expiration.Unix())
	}
	if left := value("credproc_credentials_remaining_seconds"); left <= 0 || left > rig.TokenLife.Seconds() {
		t.Errorf("%f seconds are left", left)
	}
	if value("credproc_web_identity_token_expiration_timestamp_seconds") == 0 || value("credproc_ready") != 1 {
		t.Errorf("not ready, or no token\n%s", page)
	}
	if n := value("credproc_http_requests_total"); n != 3 { // the first is status 200
		t.Errorf("%v requests", n)
	}
	if n := value("credproc_http_request_duration_seconds"); n != 3 {
		t.Errorf("%v requests in the histogram", n)
	}

	rules, errs := rulefmt.Parse(documented(t, "groups:")[0], false, model.UTF8Validation)
	for _, err := range errs {
		t.Error(err)
	}
	for _, rule := range rules.Groups[0].Rules {
		for _, name := range regexp.MustCompile(`credproc_\w+`).FindAllString(rule.Expr, -1) {
			if families[name] == nil {
				t.Errorf("alert %s looks at %s, which is nowhere", rule.Alert, name)
			}
		}
	}
	summary.add(t, "%d metrics, %d alerts", len(families), len(rules.Groups[0].Rules))
}

// documented are the YAML documents in docs/kubernetes-sidecar.md that have a
// line which begins so.
func documented(t *testing.T, begins string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(world.BuildDir), "docs", "kubernetes-sidecar.md"))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		for doc := range bytes.SplitSeq(block[1], []byte("---\n")) {
			if bytes.HasPrefix(doc, []byte(begins)) {
				all = append(all, doc)
			}
		}
	}
	if all == nil {
		t.Fatalf("no document begins with %s", begins)
	}
	return all
}

// TestServeManifests reads the manifests as Kubernetes does, with unknown and
// doubled fields as errors, and checks what the documentation says of them.
func TestServeManifests(t *testing.T) {
	manifests := documented(t, "apiVersion:")
	var job batch.Job
	var account core.ServiceAccount
	for i, into := range []any{&job, &account} {
		if err := yaml.UnmarshalStrict(manifests[i], into); err != nil {
			t.Fatal(err)
		}
	}
	pod := job.Spec.Template.Spec
	yes := func(is bool, what string) {
		t.Helper()
		if !is {
			t.Errorf("not so: %s", what)
		}
	}
	truth := func(p *bool) bool { return p != nil && *p }
	sidecar, app := pod.InitContainers[0], pod.Containers[0]
	yes(pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken, "the token is not mounted everywhere")
	yes(account.AutomountServiceAccountToken != nil && !*account.AutomountServiceAccountToken && len(account.Annotations) == 0, "nor by the account")
	yes(truth(pod.SecurityContext.RunAsNonRoot) && *pod.SecurityContext.RunAsUser != 0, "nobody is root")
	yes(pod.SecurityContext.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault, "seccomp")
	yes(sidecar.RestartPolicy != nil && *sidecar.RestartPolicy == core.ContainerRestartPolicyAlways, "a native sidecar")
	for _, c := range []core.Container{sidecar, app} {
		yes(truth(c.SecurityContext.ReadOnlyRootFilesystem), c.Name+" has a read-only root")
		yes(c.SecurityContext.AllowPrivilegeEscalation != nil && !*c.SecurityContext.AllowPrivilegeEscalation, c.Name+" stays who it is")
		yes(slices.Equal(c.SecurityContext.Capabilities.Drop, []core.Capability{"ALL"}), c.Name+" has no capabilities")
	}
	volumes := map[string]core.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
	}
	for _, mount := range app.VolumeMounts {
		yes(volumes[mount.Name].EmptyDir != nil && mount.ReadOnly, "the application has no token, and reads only")
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} { // boto3 knows the second alone
		yes(slices.ContainsFunc(app.Env, func(v core.EnvVar) bool { return v.Name == name }), "the application has "+name)
	}
	for _, mount := range sidecar.VolumeMounts {
		v, ok := volumes[mount.Name]
		yes(ok && (v.Projected != nil || v.EmptyDir.Medium == core.StorageMediumMemory), "what the sidecar writes is in memory")
	}
	for _, probe := range []*core.Probe{sidecar.StartupProbe, sidecar.ReadinessProbe, sidecar.LivenessProbe} {
		yes(probe.HTTPGet.Port.StrVal == sidecar.Ports[0].Name, "probes ask the port of the metrics")
	}
	// The program takes these flags; what they do, other tests show.
	cmd := world.Machine(t).Command(testContext(t), nil, world.Credproc, append(sidecar.Args, "--help")...)
	if out, err := output(cmd); err != nil {
		t.Errorf("credproc %s: %v\n%s", strings.Join(sidecar.Args, " "), err, out)
	}
	summary.add(t, "%d manifests", len(manifests))
}
