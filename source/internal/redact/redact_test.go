package redact

import (
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJl"
	for _, test := range []struct{ name, text, want string }{
		{"plain", "permission denied", "permission denied"},
		{"lines", "1 error:\n\t* permission denied\r\n", "1 error: * permission denied"},
		{"terminal", "\x1b[31mred\x07\x1b[0m", "[31mred [0m"},
		{"invisible", "a\u202eb\u200bc", "a b c"},
		{"token", "got " + jwt + " here", "got [removed] here"},
		{"token in a URL", "https://x/?t=" + jwt, "https://x/?t=[removed]"},
		{"bearer", "Authorization: Bearer abcdef more", "Authorization: Bearer [removed] more"},
		{"quoted bearer", `"bearer" abcdef`, `"bearer" [removed]`},
		{"given secret", "s3cr3t is wrong: s3cr3t", "[removed] is wrong: [removed]"},
		{"token in lines", strings.Repeat("a1", 40) + "\n" + strings.Repeat("b-", 31), "[removed] [removed]"},
		{"path", "/" + strings.Repeat("long/", 15), "/" + strings.Repeat("long/", 15)},
		{"short eyJ", "eyJust", "eyJust"},
		{"empty", " \n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Line(test.text, 100, "s3cr3t\n", " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got := Line(strings.Repeat("ä", 100), 51); got != strings.Repeat("ä", 25)+" …" {
		t.Errorf("cut to %q", got)
	}
	if got := Tail(strings.Repeat("ä", 100), 51); got != "… "+strings.Repeat("ä", 25) {
		t.Errorf("cut to the tail %q", got)
	}
	if got := Tail("short", 51); got != "short" {
		t.Errorf("a short tail is %q", got)
	}
}
