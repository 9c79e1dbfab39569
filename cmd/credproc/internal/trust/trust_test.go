package trust

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// shapes are callers as the vendors' tokens describe them, with what their pages
// on AWS say the trust policy is made of.
var shapes = []struct {
	name      string
	caller    Caller
	principal string
	equals    map[string]string
	lasting   string
}{
	{
		name: "kubernetes",
		caller: Caller{Issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
			Subject: "system:serviceaccount:prod:migrator", Audience: []string{"sts.amazonaws.com"}},
		principal: "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
		equals: map[string]string{
			"oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:aud": "sts.amazonaws.com",
			"oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:sub": "system:serviceaccount:prod:migrator",
		},
	},
	{
		name: "kubernetes in china",
		caller: Caller{Partition: "aws-cn", Issuer: "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/A",
			Subject: "system:serviceaccount:a:b", Audience: []string{"sts.amazonaws.com"}},
		principal: "arn:aws-cn:iam::111122223333:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/A",
		equals: map[string]string{
			"oidc.eks.cn-north-1.amazonaws.com.cn/id/A:aud": "sts.amazonaws.com",
			"oidc.eks.cn-north-1.amazonaws.com.cn/id/A:sub": "system:serviceaccount:a:b",
		},
	},
	{
		name: "github",
		caller: Caller{Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:octo-org/octo-repo:ref:refs/heads/main",
			Audience: []string{"sts.amazonaws.com"},
			Claims:   map[string]any{"repository": "octo-org/octo-repo", "ref": "refs/heads/main", "run_id": "1"}},
		principal: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
		equals: map[string]string{
			"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
			"token.actions.githubusercontent.com:sub": "repo:octo-org/octo-repo:ref:refs/heads/main",
		},
	},
	{
		name: "gitlab",
		caller: Caller{Issuer: "https://gitlab.com", Subject: "project_path:mygroup/myproject:ref_type:branch:ref:main",
			Audience: []string{"https://gitlab.com"}},
		principal: "arn:aws:iam::111122223333:oidc-provider/gitlab.com",
		equals: map[string]string{
			"gitlab.com:aud": "https://gitlab.com",
			"gitlab.com:sub": "project_path:mygroup/myproject:ref_type:branch:ref:main",
		},
	},
	{
		name: "bitbucket",
		caller: Caller{Issuer: "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
			Subject: "{cb3e455d-f8b9-4e19-baf1-680c00000001}:{d1000000-0000-4000-8000-000000000002}", Audience: []string{"ari:cloud:bitbucket::workspace/680c"}},
		principal: "arn:aws:iam::111122223333:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
		equals: map[string]string{
			"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/680c",
			"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{cb3e455d-f8b9-4e19-baf1-680c00000001}:{d1000000-0000-4000-8000-000000000002}",
		},
		lasting: "{cb3e455d-f8b9-4e19-baf1-680c00000001}:*",
	},
	{
		name: "circleci",
		caller: Caller{Issuer: "https://oidc.circleci.com/org/O1", Subject: "org/O1/project/P1/user/U1/vcs-origin/github.com/a/b/vcs-ref/refs/heads/main",
			Audience: []string{"O1"}, Claims: map[string]any{"oidc.circleci.com/project-id": "P1"}},
		principal: "arn:aws:iam::111122223333:oidc-provider/oidc.circleci.com/org/O1",
		equals: map[string]string{
			"oidc.circleci.com/org/O1:aud": "O1",
			"oidc.circleci.com/org/O1:sub": "org/O1/project/P1/user/U1/vcs-origin/github.com/a/b/vcs-ref/refs/heads/main",
		},
		lasting: "org/O1/project/P1/user/*/vcs-origin/github.com/a/b/vcs-ref/refs/heads/main",
	},
	{
		name: "buildkite",
		caller: Caller{Issuer: "https://agent.buildkite.com", Subject: "organization:acme:pipeline:app:ref:refs/heads/main:commit:9f3182061f1e:step:deploy",
			Audience: []string{"sts.amazonaws.com"}},
		principal: "arn:aws:iam::111122223333:oidc-provider/agent.buildkite.com",
		equals: map[string]string{
			"agent.buildkite.com:aud": "sts.amazonaws.com",
			"agent.buildkite.com:sub": "organization:acme:pipeline:app:ref:refs/heads/main:commit:9f3182061f1e:step:deploy",
		},
		lasting: "organization:acme:pipeline:app:ref:refs/heads/main:commit:*:step:deploy",
	},
	{
		name: "buildkite with session tags",
		caller: Caller{Issuer: "https://agent.buildkite.com", Subject: "organization:acme", Audience: []string{"sts.amazonaws.com"},
			Claims: map[string]any{tagsClaim: map[string]any{"principal_tags": map[string]any{"organization_slug": []any{"acme"}}}}},
		principal: "arn:aws:iam::111122223333:oidc-provider/agent.buildkite.com",
		equals:    map[string]string{"agent.buildkite.com:aud": "sts.amazonaws.com", "agent.buildkite.com:sub": "organization:acme"},
	},
	{
		name: "google",
		caller: Caller{Issuer: "https://accounts.google.com", Subject: "1078", Audience: []string{"sts.amazonaws.com"},
			Claims: map[string]any{"azp": "1078"}},
		principal: "accounts.google.com",
		equals:    map[string]string{"accounts.google.com:aud": "1078", "accounts.google.com:oaud": "sts.amazonaws.com", "accounts.google.com:sub": "1078"},
	},
	{
		name: "a keycloak whose tokens have an azp, and a subject of signs",
		caller: Caller{Issuer: "https://sso.example.com/realms/a/", Subject: "a${aws:username}*?b", Audience: []string{"account", "other"},
			Claims: map[string]any{"azp": "client"}},
		principal: "arn:aws:iam::111122223333:oidc-provider/sso.example.com/realms/a/",
		equals:    map[string]string{"sso.example.com/realms/a/:aud": "client", "sso.example.com/realms/a/:sub": "a${$}{aws:username}*?b"},
	},
}

// known puts a caller into an account.
func known(c Caller) Caller {
	c.Account = "111122223333"
	if c.Partition == "" {
		c.Partition = "aws"
	}
	return c
}

func judge(t *testing.T, doc []byte, c Caller) Judgement {
	t.Helper()
	d, err := Parse(doc)
	if err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	return d.Judge(c)
}

func TestPolicyAcceptsItsToken(t *testing.T) {
	for _, shape := range shapes {
		t.Run(shape.name, func(t *testing.T) {
			c := known(shape.caller)
			var got struct {
				Statement []struct {
					Principal struct{ Federated string }
					Condition map[string]map[string]string
				}
			}
			if err := json.Unmarshal(c.Policy(), &got); err != nil {
				t.Fatal(err)
			}
			if p := got.Statement[0].Principal.Federated; p != shape.principal {
				t.Errorf("principal %s, want %s", p, shape.principal)
			}
			if want := map[string]map[string]string{"StringEquals": shape.equals}; !reflect.DeepEqual(got.Statement[0].Condition, want) {
				t.Errorf("condition %v, want %v", got.Statement[0].Condition, want)
			}
			if j := judge(t, c.Policy(), c); j.Accepts != Yes {
				t.Errorf("its own policy does not accept it: %+v", j)
			}
			if pattern, _ := c.Lasting(); pattern != shape.lasting {
				t.Errorf("lasting %q, want %q", pattern, shape.lasting)
			}
			// The policy is narrow: nobody else's token passes.
			for _, other := range shapes {
				if other.name != shape.name && judge(t, c.Policy(), known(other.caller)).Accepts != No {
					t.Errorf("it accepts %s, too", other.name)
				}
			}
		})
	}
}

// Each single thing that is wrong in a policy is found, alone, with what the
// token has instead.
func TestEachWrongElementIsFound(t *testing.T) {
	for _, shape := range shapes {
		c := known(shape.caller)
		mutate := func(what string, change func(statement map[string]any), check func(t *testing.T, r Reason)) {
			t.Run(shape.name+" "+what, func(t *testing.T) {
				var doc map[string]any
				if err := json.Unmarshal(c.Policy(), &doc); err != nil {
					t.Fatal(err)
				}
				change(doc["Statement"].([]any)[0].(map[string]any))
				text, err := json.Marshal(doc)
				if err != nil {
					t.Fatal(err)
				}
				j := judge(t, text, c)
				if j.Accepts != No || len(j.Statements) != 1 || len(j.Statements[0].Reasons) != 1 {
					t.Fatalf("not one reason: %+v", j)
				}
				check(t, j.Statements[0].Reasons[0])
			})
		}
		element := func(name, have string) func(*testing.T, Reason) {
			return func(t *testing.T, r Reason) {
				if r.Element != name || r.Holds != No || !slices.Contains(r.Have, have) {
					t.Errorf("%+v", r)
				}
			}
		}
		mutate("principal", func(s map[string]any) {
			s["Principal"] = map[string]any{"Federated": shape.principal + "x"}
		}, element("Principal", shape.principal))
		mutate("principal of another kind", func(s map[string]any) {
			s["Principal"] = map[string]any{"AWS": "arn:aws:iam::111122223333:root"}
		}, element("Principal", shape.principal))
		mutate("action", func(s map[string]any) { s["Action"] = "sts:AssumeRole" }, element("Action", "sts:AssumeRoleWithWebIdentity"))
		for key := range shape.equals {
			have, _ := c.value(key)
			condition := func(t *testing.T, r Reason) {
				if r.Element != "Condition" || r.Key != key || r.Holds != No || !slices.Equal(r.Have, have) {
					t.Errorf("%+v, want %s of %q", r, key, have)
				}
			}
			set := func(operator string, value any) func(map[string]any) {
				return func(s map[string]any) {
					block := s["Condition"].(map[string]any)
					delete(block["StringEquals"].(map[string]any), key)
					equals, _ := block[operator].(map[string]any)
					if equals == nil {
						equals = make(map[string]any)
						block[operator] = equals
					}
					equals[key] = value
				}
			}
			for _, operator := range []string{"StringEquals", "StringLike", "StringEqualsIgnoreCase", "ForAllValues:StringEquals", "ForAnyValue:StringLike", "StringEqualsIfExists"} {
				mutate(operator+" "+key, set(operator, "wrong"), condition)
				mutate(operator+" of two "+key, set(operator, []any{"wrong", "worse"}), condition)
			}
			mutate("case of "+key, set("StringEquals", literal(strings.ToUpper(have[0])+"X")), condition)
			mutate("StringNotEquals "+key, set("StringNotEquals", literal(have[0])), condition)
			mutate("StringNotLike "+key, set("StringNotLike", "*"), condition)
			mutate("Null "+key, set("Null", "true"), condition)
		}
		for key := range shape.equals {
			mutate("a claim of no key beside "+key, func(s map[string]any) {
				s["Condition"].(map[string]any)["StringEquals"].(map[string]any)[c.Provider()+":nobody_offers_this"] = "x"
			}, func(t *testing.T, r Reason) {
				if len(r.Have) != 0 || !strings.Contains(r.Hint, "no condition key") {
					t.Errorf("%+v", r)
				}
			})
		}
	}
}

// caller is who the tables below are about.
var caller = Caller{
	Partition: "aws", Account: "111122223333",
	Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:o/r:ref:refs/heads/main", Audience: []string{"sts.amazonaws.com"},
	Claims: map[string]any{
		"repository": "o/r", "amr": []any{"authenticated", "x"}, "run_id": "7",
		tagsClaim: map[string]any{"principal_tags": map[string]any{"team": []any{"payments"}}},
	},
}

func TestConditionOperators(t *testing.T) {
	const gh = "token.actions.githubusercontent.com:"
	for _, test := range []struct {
		condition string
		want      Answer
	}{
		{`"StringEquals": {"` + gh + `sub": "repo:o/r:ref:refs/heads/main"}`, Yes},
		{`"StringEquals": {"` + gh + `sub": ["x", "repo:o/r:ref:refs/heads/main"]}`, Yes},
		{`"stringequals": {"TOKEN.actions.githubusercontent.com:SUB": "repo:o/r:ref:refs/heads/main"}`, Yes},
		{`"StringEquals": {"` + gh + `sub": "repo:o/r:*"}`, No},
		{`"StringEquals": {"` + gh + `sub": "Repo:o/r:ref:refs/heads/main"}`, No},
		{`"StringEqualsIgnoreCase": {"` + gh + `sub": "REPO:o/r:ref:refs/heads/main"}`, Yes},
		{`"StringEqualsIgnoreCase": {"` + gh + `sub": "REPO:o/*"}`, No},
		{`"StringNotEqualsIgnoreCase": {"` + gh + `sub": "REPO:o/r:ref:refs/heads/main"}`, No},
		{`"StringLike": {"` + gh + `sub": "repo:o/r:*"}`, Yes},
		{`"StringLike": {"` + gh + `sub": "repo:o/?:ref:*/main"}`, Yes},
		{`"StringLike": {"` + gh + `sub": "repo:o/??:*"}`, No},
		{`"StringLike": {"` + gh + `sub": "*"}`, Yes},
		{`"StringLike": {"` + gh + `sub": "REPO:*"}`, No},
		{`"StringLike": {"` + gh + `sub": "repo:o/r:ref:refs/heads/${*}"}`, No},
		{`"StringLike": {"` + gh + `sub": "repo:${aws:username}/*"}`, Unknown},
		{`"StringNotLike": {"` + gh + `sub": "repo:other/*"}`, Yes},
		{`"StringNotLike": {"` + gh + `sub": "repo:o/*"}`, No},
		{`"StringNotEquals": {"` + gh + `sub": ["a", "b"]}`, Yes},
		{`"StringNotEquals": {"` + gh + `run_id": "7"}`, Yes}, // no condition key
		{`"StringEquals": {"` + gh + `run_id": "7"}`, No},
		{`"StringEqualsIfExists": {"` + gh + `run_id": "8"}`, Yes},
		{`"StringEqualsIfExists": {"` + gh + `sub": "8"}`, No},
		{`"StringEquals": {"` + gh + `repository": "o/r"}`, Yes},
		{`"StringEquals": {"` + gh + `repository_id": "o/r"}`, No},
		{`"StringEquals": {"gitlab.com:sub": "repo:o/r:ref:refs/heads/main"}`, No},
		{`"ForAllValues:StringEquals": {"` + gh + `amr": ["authenticated", "x", "y"]}`, Yes},
		{`"ForAllValues:StringEquals": {"` + gh + `amr": ["authenticated"]}`, No},
		{`"ForAllValues:StringEquals": {"` + gh + `nothing": "x"}`, Yes},
		{`"ForAnyValue:StringEquals": {"` + gh + `amr": ["x"]}`, Yes},
		{`"ForAnyValue:StringLike": {"` + gh + `amr": ["auth*"]}`, Yes},
		{`"ForAnyValue:StringEquals": {"` + gh + `nothing": "x"}`, No},
		{`"ForAnyValue:StringNotEquals": {"` + gh + `amr": ["x"]}`, Yes},
		{`"ForAnyValue:StringNotEquals": {"` + gh + `nothing": ["x"]}`, No},
		{`"ForAllValues:StringNotEquals": {"` + gh + `amr": ["x"]}`, No},
		{`"Null": {"` + gh + `sub": "false"}`, Yes},
		{`"Null": {"` + gh + `sub": true}`, No},
		{`"Null": {"` + gh + `nothing": true}`, Yes},
		{`"StringEquals": {"aws:RequestTag/team": "payments"}`, Yes},
		{`"StringEquals": {"aws:RequestTag/team": "other"}`, No},
		{`"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}`, Yes},
		{`"StringEquals": {"sts:SourceIdentity": "me"}`, No},
		{`"ArnLike": {"aws:FederatedProvider": "arn:aws:iam::*:oidc-provider/*"}`, Yes},
		{`"ArnLike": {"aws:FederatedProvider": "arn:aws:iam::*:oidc-provider/gitlab.com"}`, No},
		{`"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}`, Unknown},
		{`"StringEquals": {"sts:RoleSessionName": "x"}`, Unknown},
		{`"StringEquals": {"` + gh + `email": "x"}`, Unknown},
		{`"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "StringEquals": {"` + gh + `sub": "x"}`, No},
	} {
		doc := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"], "Condition": {` + test.condition + `}}}`
		if j := judge(t, []byte(doc), caller); j.Accepts != test.want {
			t.Errorf("%s: %s, want %s", test.condition, j.Accepts, test.want)
		}
	}
}

func TestStatements(t *testing.T) {
	allow := `{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}`
	with := func(from, to string) string {
		if !strings.Contains(allow, from) {
			t.Fatal(from)
		}
		return strings.Replace(allow, from, to, 1)
	}
	federated := `{"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}`
	for _, test := range []struct {
		statements string
		want       Answer
		missing    string
	}{
		{allow, Yes, ""},
		{with(`["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]`, `"sts:*"`), Yes, ""},
		{with(`["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]`, `"*"`), Yes, ""},
		{with(`["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]`, `["STS:assumerolewithwebidentity", "sts:Tag*"]`), Yes, ""},
		{with(`, "sts:TagSession"`, ``), No, "sts:TagSession"},
		{with(`, "sts:TagSession"`, ``) + "," + with(`"sts:AssumeRoleWithWebIdentity", `, ``), Yes, ""},
		{with(`"Action"`, `"NotAction"`), No, "sts:AssumeRoleWithWebIdentity"},
		{with(federated, `"*"`), Yes, ""},
		{with(federated, `{"Federated": "*"}`), Yes, ""},
		{with(federated, `{"AWS": "*"}`), Yes, ""},
		{with(federated, `{"Federated": ["arn:aws:iam::111122223333:oidc-provider/gitlab.com", "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]}`), Yes, ""},
		{with("111122223333", "444455556666"), No, "sts:AssumeRoleWithWebIdentity"},
		{with("arn:aws:", "arn:aws-cn:"), No, "sts:AssumeRoleWithWebIdentity"},
		{with("oidc-provider/", "oidc-provider/https://"), No, "sts:AssumeRoleWithWebIdentity"},
		{with(federated, `{"Service": "ec2.amazonaws.com"}`), No, "sts:AssumeRoleWithWebIdentity"},
		{allow + "," + with("Allow", "Deny"), No, ""},
		{with("Allow", "Deny") + "," + allow, No, ""},
		{allow + `,{"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": {"StringNotLike": {"token.actions.githubusercontent.com:sub": "repo:o/*"}}}`, Yes, ""},
		{allow + `,{"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:o/*"}}}`, No, ""},
		{allow + `,{"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}`, Unknown, ""},
		{allow + `,{"Effect": "Deny", "NotPrincipal": ` + federated + `, "Action": "sts:*"}`, Yes, ""},
		{"", No, "sts:AssumeRoleWithWebIdentity"},
	} {
		j := judge(t, []byte(`{"Version": "2012-10-17", "Statement": [`+test.statements+`]}`), caller)
		if j.Accepts != test.want || test.missing != "" && !slices.Contains(j.Missing, test.missing) {
			t.Errorf("%s\n%+v, want %s", test.statements, j, test.want)
		}
	}
}

// A deny that applies says what made it.
func TestDenyGivesItsReasons(t *testing.T) {
	j := judge(t, []byte(`{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"},
		{"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}}]}`), caller)
	s := j.Statements[1]
	if j.Accepts != No || s.Sid != "No" || s.Applies != Yes || s.Reasons[len(s.Reasons)-1].Key != "token.actions.githubusercontent.com:sub" {
		t.Errorf("%+v", j)
	}
}

// Where the account is not known, a provider of any account is the one.
func TestUnknownAccount(t *testing.T) {
	doc := known(caller).Policy()
	c := caller
	c.Account, c.Partition = "", ""
	if j := judge(t, doc, c); j.Accepts != Yes {
		t.Errorf("%+v", j)
	}
	c.Issuer = "https://gitlab.com"
	if j := judge(t, doc, c); j.Accepts != No {
		t.Errorf("%+v", j)
	}
}

// An ARN is compared part by part, and a subject is none.
func TestARNOperators(t *testing.T) {
	for _, row := range []struct {
		want, have string
		holds      Answer
	}{
		{"arn:aws:iam::1:oidc-provider/*", "arn:aws:iam::1:oidc-provider/a/b:c", Yes},
		{"arn:aws:iam:*:provider", "arn:aws:iam::1:provider", No},
		{"arn:*:iam::?:*", "arn:aws:iam::1:provider", Yes},
		{"arn:aws:iam::1:ab", "arn:aws:iam::1:aB", No},
		{"repo:o/r:*", "repo:o/r:ref:refs/heads/main", No},
		{"*", "arn:aws:iam::1:provider", Unknown},
		{"arn:aws:iam::${aws:PrincipalAccount}:*", "arn:aws:iam::1:provider", Unknown},
	} {
		for _, operator := range []string{"ArnLike", "ArnEquals"} {
			c := condition{operator, "k", []string{row.want}, true}
			if got := c.holds([]string{row.have}, true); got != row.holds {
				t.Errorf("%s %s %s: %s", operator, row.want, row.have, got)
			}
		}
	}
}

func TestSlipsGetAHint(t *testing.T) {
	const gh = "token.actions.githubusercontent.com:"
	for condition, want := range map[string]string{
		`"StringEquals": {"` + gh + `sub": "repo:o/r:*"}`:                                "StringLike",
		`"StringEquals": {"` + gh + `sub": "Repo:o/r:ref:refs/heads/main"}`:              "case",
		`"StringEquals": {"` + gh + `sub": "repo:o/r:ref:refs/heads/main "}`:             "space",
		`"StringEquals": {"` + gh + `aud": "https://sts.amazonaws.com/"}`:                "https://",
		`"StringEquals": {"https://token.actions.githubusercontent.com:aud": "x"}`:       "without https://",
		`"StringEquals": {"sts:ExternalId": "x"}`:                                        "no external ID",
		`"StringEquals": {"` + gh + `run_id": "7"}`:                                      "no condition key",
		`"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/A:sub": "repo:o/r:ref:"}`: "not of the token's issuer",
	} {
		j := judge(t, []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {`+condition+`}}}`), caller)
		if r := j.Statements[0].Reasons; len(r) != 1 || !strings.Contains(r[0].Hint, want) {
			t.Errorf("%s: %+v, want %s", condition, r, want)
		}
	}
}

func TestParseTakesEveryWrapping(t *testing.T) {
	plain := string(known(caller).Policy())
	quoted, _ := json.Marshal(url.PathEscape(plain))
	for name, text := range map[string]string{
		"bare":               plain,
		"with a mark":        "\ufeff \n" + plain + "\n",
		"encoded":            url.PathEscape(plain),
		"a string":           string(quoted),
		"get-role":           `{"Role": {"Arn": "arn:aws:iam::111122223333:role/x", "AssumeRolePolicyDocument": ` + plain + `}}`,
		"get-role, encoded":  `{"Role": {"AssumeRolePolicyDocument": ` + string(quoted) + `}}`,
		"get-role's role":    `{"AssumeRolePolicyDocument": ` + plain + `}`,
		"a single statement": strings.Replace(strings.Replace(plain, "[", "", 1), "\n  ]\n}", "\n}", 1),
	} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if j := d.Judge(caller); j.Accepts != Yes {
			t.Errorf("%s: %+v", name, j)
		}
		if name == "get-role" && d.RoleARN != "arn:aws:iam::111122223333:role/x" {
			t.Error(d.RoleARN)
		}
	}
	for _, text := range []string{"", " ", "x", "{", "[]", "{}", "null", `"x"`, `{"Statement": 1}`, `{"Statement": [1]}`, `{"Statement": [{}]}`,
		`{"Statement": {"Effect": "Allow", "Condition": []}}`, `{"Statement": {"Effect": "Allow", "Condition": {"StringEquals": "x"}}}`, `{"Statement": []} {}`, "%", "%7B",
		strings.Repeat(`{"Role":`, 20) + "{}" + strings.Repeat("}", 20)} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// A policy of whatever shape is judged, not a crash, and never accepts without a
// statement that allows.
func FuzzJudge(f *testing.F) {
	f.Add([]byte(known(caller).Policy()))
	f.Add([]byte(`{"Statement": {"Effect": "Allow", "NotPrincipal": 1, "NotAction": {}, "Condition": {"StringLike": {"x": [1, {}, null, true]}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		j := d.Judge(known(caller))
		if j.Accepts == Yes && !slices.ContainsFunc(j.Statements, func(s Statement) bool { return s.Effect == "Allow" && s.Applies == Yes }) {
			t.Errorf("%s: %+v", text, j)
		}
	})
}

func TestNotes(t *testing.T) {
	for want, c := range map[string]Caller{
		"port number":           {Issuer: "https://x:8443", Subject: "s", Audience: []string{"a"}},
		"only issuers":          {Issuer: "kubernetes/serviceaccount", Subject: "s", Audience: []string{"a"}},
		"several audiences":     {Issuer: "https://x", Subject: "s", Audience: []string{"a", "b"}},
		"azp":                   {Issuer: "https://x", Subject: "s", Audience: []string{"a"}, Claims: map[string]any{"azp": "b"}},
		"no aud":                {Issuer: "https://x", Subject: "s"},
		"create no OIDC":        {Issuer: "https://accounts.google.com", Subject: "s", Audience: []string{"a"}},
		"sts:TagSession":        caller,
		"another one in each":   shapes[4].caller,
		"plan or apply":         {Issuer: "https://app.terraform.io", Subject: "organization:o:project:p:workspace:w:run_phase:plan", Audience: []string{"a"}},
		"sts:SetSourceIdentity": {Issuer: "https://x", Subject: "s", Audience: []string{"a"}, Claims: map[string]any{sourceIdentityClaim: "me"}},
	} {
		if notes := c.Notes(); !strings.Contains(fmt.Sprint(notes), want) {
			t.Errorf("%q is not among %q", want, notes)
		}
	}
	if notes := shapes[0].caller.Notes(); len(notes) != 0 {
		t.Errorf("%q", notes)
	}
}
