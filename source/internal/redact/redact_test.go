package redact

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const (
	jwt     = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJl"
	key     = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	session = "FwoGZXIvYXdzEBYaDEXAMPLE/Zm9vYmFy+c29tZXRoaW5n=="
)

func TestLine(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", "permission denied", "permission denied"},
		{"lines", "1 error:\n\t* permission denied\r\n", "1 error: * permission denied"},
		{"terminal", "\x1b[31mred\x07\x1b[0m", "[31mred [0m"},
		{"invisible", "a\u202eb\u200bc", "a b c"},
		{"bad UTF-8", "bad \xff byte", "bad \ufffd byte"},
		{"empty", " \n", ""},

		{"token", "got " + jwt + " here", "got [removed] here"},
		{"token in a URL", "https://x/?t=" + jwt, "https://x/?t=[removed]"},
		{"short eyJ", "eyJust", "eyJust"},
		{"session token", "got " + session + " here", "got [removed] here"},
		{"GitHub", "bad ghp_16C7e42F292c6912E7710c838347Ae178B4a", "bad [removed]"},
		{"GitLab", "PRIVATE glpat-abcdefghijklmnopqrst", "PRIVATE [removed]"},
		{"Vault", "(hvs.CAESIJlWh3l2mnop)", "([removed]"},
		{"AWS", "+ " + key, "+ [removed]"},
		{"AWS in quotes", `+ "` + key + `"`, `+ "[removed]`},
		{"hexadecimal", "d41d8cd98f00b204e9800998ecf8427e", "[removed]"},
		{"token in lines", strings.Repeat("a1", 40) + "\n" + strings.Repeat("b-", 31), "[removed] [removed]"},
		{"given secret", "s3cr3t is wrong: s3cr3t", "[removed] is wrong: [removed]"},
		{"piece of a given secret", "x-0123456789abcdef-x", "x-[removed]"},

		{"bearer", "Authorization: Bearer abcdef more", "Authorization: Bearer [removed] more"},
		{"basic", "> authorization: Basic amFuZTpwYXNz", "> authorization: Basic [removed]"},
		{"no scheme", "Authorization: abcdef", "Authorization: [removed]"},
		{"quoted bearer", `"bearer" abcdef`, `"bearer" [removed]`},
		{"password", "password: x", "password: [removed]"},
		{"password said", "your password is hunter2 now", "your password is [removed] now"},
		{"password alone", "Password hunter2", "Password [removed]"},
		{"password in quotes", `password: "correct horse battery" more`, `password: [removed] [removed] [removed] more`},
		{"option", "+ login --password letmein --user jane", "+ login --password [removed] --user jane"},
		{"option with a value", "+ login --db-password=letmein", "+ login --db-password=[removed]"},
		{"assignment", "+ AWS_SECRET_ACCESS_KEY=a/b/c", "+ AWS_SECRET_ACCESS_KEY=[removed]"},
		{"exported", "export DB_PASSWORD='a b' && run", "export DB_PASSWORD=[removed] [removed] && run"},
		{"another name", "SECRET_OF_JANE=abc", "SECRET_OF_JANE=[removed]"},
		{"spaces around it", "aws_session_token = abc", "aws_session_token = [removed]"},
		{"JSON", `{"user":"jane","token":"abc"}`, `{"user":"jane","token":[removed]`},
		{"spaced JSON", `{"SecretAccessKey" : "abc", "x": 1}`, `{"SecretAccessKey" : [removed] "x": 1}`},
		{"header", "X-Vault-Token: abc", "X-Vault-Token: [removed]"},
		{"query", "GET https://x/y?a=b&X-Amz-Signature=abc&c=d", "GET https://x/y?a=b&X-Amz-Signature=[removed]"},
		{"token called one", "token: abc", "token: [removed]"},
		{"key by itself", "invalid key A1b2C3", "invalid key [removed]"},
		{"user in a URL", "cloning https://jane:pa/ss@host/x failed", "cloning https://[removed]@host/x failed"},
		{"token as user", "cloning https://abc@host/x failed", "cloning https://[removed]@host/x failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Line(test.text, 100, "s3cr3t\n", "0123456789abcdef0123456789abcdef", " "); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// What is no secret is there to be read.
func TestLineLeaves(t *testing.T) {
	for _, text := range []string{
		"Rate exceeded",
		"Token expired: current date/time 1763786404 must be before the expiration date/time 1763786104",
		"Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
		"Incorrect token audience",
		"No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com",
		"Missing a required claim: aud",
		"Not authorized to perform sts:AssumeRoleWithWebIdentity",
		"User: arn:aws:sts::111122223333:assumed-role/Migrator2/credproc-jane@host is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/target",
		"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
		"The security token included in the request is invalid.",
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
		"Signature expired: 20261122T040000Z is now earlier than 20261122T041500Z (20261122T043000Z - 15 min.)",
		"1 validation error detected: Value 'x y' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
		"dial tcp: lookup sts.eu-west-1.amazonaws.com: no such host",
		"serviceaccounts \"migrator\" is forbidden: User \"system:serviceaccount:build:default\" cannot create resource \"serviceaccounts/token\" in API group",
		"open /home/Jane/Projects2/MyApp/secrets.d/token: permission denied",
		"unable to locate credentials, log in with: aws sso login --profile x",
		"no key AKIAIOSFODNN7EXAMPLE or ASIAIOSFODNN7EXAMPLE here",
		"request 3fa85f64-5717-4562-b3fc-2c963f66afa6 of pod migrate-7d9f8b6c5d-x2x9z failed",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_REGION=eu-west-1 TOKEN_FILE=/run/token",
		"https://registry.npmjs.org/@scope/name",
		"web identity token from command sh could not be had: the token was refused",
		"für die Übung – 日本",
		"/" + strings.Repeat("long/", 15),
	} {
		if got := Line(text, 500, "0123456789abcdef0123456789abcdef"); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
}

func TestCut(t *testing.T) {
	if got := Line(strings.Repeat("ä", 100), 51); got != strings.Repeat("ä", 25)+" …" {
		t.Errorf("cut to %q", got)
	}
	if got := Line(strings.Repeat("word ", 10000), 9); got != "word word …" {
		t.Errorf("cut to %q", got)
	}
	if got := Tail(strings.Repeat("ä", 100), 51); got != "… "+strings.Repeat("ä", 25) {
		t.Errorf("cut to the tail %q", got)
	}
	if got := Tail("short", 51); got != "short" {
		t.Errorf("a short tail is %q", got)
	}
	if got := Tail(strings.Repeat("hunter2hunter2hunter2", 10000)+" the end", 51); got != "… the end" {
		t.Errorf("half a word is left: %q", got)
	}
}

// Whatever stands around a secret, it is not shown, and what is shown is one
// short line.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{"", " ", "token ", "a\x1b[0m", "\xff\xfe", "{\"x\":\"", "https://jane:", "password=\"", "=", ":", "'", "ä", strings.Repeat("x ", 300)} {
		f.Add(seed, seed)
	}
	const secret = "correct horse/battery-staple"
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, text := range []string{
			before + secret + after,
			before + " PASSWORD=\"" + secret + "\" " + after,
			before + " " + jwt + after,
			before + " " + key + " " + after,
		} {
			for _, cut := range []func(string, int, ...string) string{Line, Tail} {
				got := cut(text, 200, secret)
				if len(got) > 210 || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Fatalf("%d bytes: %q", len(got), got)
				}
				for _, hidden := range []string{secret, jwt, key, "battery-staple", jwt[:20]} {
					if strings.Contains(got, hidden) && !strings.Contains(before+after, hidden) {
						t.Fatalf("%q shows %q", got, hidden)
					}
				}
			}
		}
	})
}
