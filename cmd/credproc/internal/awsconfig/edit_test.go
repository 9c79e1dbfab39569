package awsconfig

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// example are the two profiles of the examples.
func example(region string) []Change {
	return []Change{
		{Profile: "migration", Set: []Pair{{"region", region}, {"credential_process", "/usr/local/bin/credproc --profile migration-role"}}},
		{Profile: "migration-role", Set: []Pair{{"role_arn", "arn:aws:iam::111122223333:role/migrator"}, {"web_identity_token_file", "/t"}},
			Drop: []string{"credproc_token_source"}},
	}
}

const (
	outerSection = "[profile migration]\nregion = eu-west-1\ncredential_process = /usr/local/bin/credproc --profile migration-role\n"
	innerSection = "[profile migration-role]\nrole_arn = arn:aws:iam::111122223333:role/migrator\nweb_identity_token_file = /t\n"
)

func TestApply(t *testing.T) {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	for _, test := range []struct{ name, before, want string }{
		{"nothing yet", "", outerSection + "\n" + innerSection},
		{"other profiles", "# mine\n[default]\nregion = x\n", "# mine\n[default]\nregion = x\n\n" + outerSection + "\n" + innerSection},
		{"a blank line is there", "[default]\n\n", "[default]\n\n" + outerSection + "\n" + innerSection},
		{"no line end at the end", "[default]\na = b", "[default]\na = b\n\n" + outerSection + "\n" + strings.TrimSuffix(innerSection, "\n")},
		{"carriage returns", "[default]\r\na = b\r\n", "[default]\r\na = b\r\n\r\n" + crlf(outerSection+"\n"+innerSection)},
		{"a byte order mark", "\ufeff[default]\n", "\ufeff[default]\n\n" + outerSection + "\n" + innerSection},
		{"ours already", innerSection + outerSection, innerSection + outerSection},
		{"another region, other keys", "[profile migration]\n# why\nregion=us-east-1\noutput = json\ncredential_process = /old/credproc --profile x\n\n# tail\n" + innerSection,
			"[profile migration]\n# why\nregion=eu-west-1\noutput = json\ncredential_process = /usr/local/bin/credproc --profile migration-role\n\n# tail\n" + innerSection},
		{"keys are missing", "[profile migration]\nregion = eu-west-1\ns3 =\n  addressing_style = path\n\n# about x\n[profile x]\n" + innerSection,
			"[profile migration]\nregion = eu-west-1\ns3 =\n  addressing_style = path\ncredential_process = /usr/local/bin/credproc --profile migration-role\n\n# about x\n[profile x]\n" + innerSection},
		{"a key goes", outerSection + "[profile migration-role]\ncredproc_token_source = gcp\nrole_arn = x\n",
			outerSection + "[profile migration-role]\nrole_arn = arn:aws:iam::111122223333:role/migrator\nweb_identity_token_file = /t\n"},
		{"a colon", strings.Replace(outerSection, "region =", "region:", 1) + innerSection, outerSection + innerSection},
		{"an empty section", outerSection + "[profile migration-role]", outerSection + strings.TrimSuffix(innerSection, "\n")},
		{"an empty value", outerSection + strings.Replace(innerSection, "/t", "", 1), outerSection + innerSection},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := Apply("p", []byte(test.before), example("eu-west-1")...)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(e.Text()); got != test.want {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
			if e.Changed() != (test.before != test.want) {
				t.Errorf("changed: %v", e.Changed())
			}
			again, err := Apply("p", e.Text(), example("eu-west-1")...)
			if err != nil || again.Changed() || again.Diff("p") != "" {
				t.Errorf("a second time: %v\n%s", err, again.Diff("p"))
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"1: this line begins a section that some SDKs, but not all, take for profile \"migration\"": "[migration]\n",
		"2: this line begins a section that some SDKs":                                              "\n[profile \"migration\"]\n",
		"p:1: this line begins a section that some":                                                 "[profile  migration]\n",
		":1: this line begins a section that some":                                                  "[profile\tmigration]\n",
		"line begins a section that some SDKs, but":                                                 "[profiles migration]\n",
		"this line begins a section that some":                                                      "[ profile migration ]\n",
		"2: this line begins a section that line 1 has":                                             "[profile a]\n[profile a]\n",
		"3: this line sets a key that line 2":                                                       "[profile a]\nb=1\nb=2\n",
		"2: this line is neither":                                                                   "[profile a]\nhello\n",
		"1: this line comes before":                                                                 "a = b\n",
		"carriage return inside":                                                                    "[profile a]\nb = c\rd = e\n",
		"ends in half a line end":                                                                   "[profile a]\r",
		"UTF-16":                                                                                    "\xff\xfe[",
		"not UTF-8":                                                                                 "[a]\nb = \xff\n",
		"NUL":                                                                                       "[a]\nb = \x00\n",
		"reaches into every profile":                                                                "[DEFAULT]\nregion = x\n",
		"2: this line has a comment behind its value":                                               "[profile migration]\nregion = x # why\n",
		"2: this line has a value that goes on":                                                     "[profile migration]\nregion =\n  x = y\n",
		"3: this line has a comment behind its value":                                               "\n[profile migration-role]\ncredproc_token_source = gcp ; no more\n",
		"2: this line is indented":                                                                  "[profile migration]\n  region = x\n",
		"1: this line is indented":                                                                  " [profile migration]\nregion = x\n",
		"cannot be changed safely":                                                                  "[profile migration]\n[profile migration-role]\n  [profile other]\n",
	} {
		e, err := Apply("p", []byte(text), example("eu-west-1")...)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v, want %s\n%s", text, err, name, e.Text())
		}
	}
	both := Change{Profile: "default", Set: []Pair{{"region", "x"}}}
	if _, err := Apply("p", []byte("[default]\n[profile default]\n"), both); err == nil || !strings.Contains(err.Error(), "another section of the same profile") {
		t.Error(err)
	}
	for _, one := range []string{"[default]\n", "[profile default]\n"} {
		if e, err := Apply("p", []byte(one), both); err != nil || string(e.Text()) != one+"region = x\n" {
			t.Errorf("%v %s", err, e.Text())
		}
	}
}

func TestDiff(t *testing.T) {
	before := "[default]\naws_secret_access_key = SECRET\na = 1\nb = 2\n\n[profile migration]\nregion = us-east-1\ncredential_process = /usr/local/bin/credproc --profile migration-role\n" +
		strings.Repeat("# filler\n", 9) + "[profile x]\nrole_arn = y"
	e, err := Apply("p", []byte(before), example("eu-west-1")...)
	if err != nil {
		t.Fatal(err)
	}
	const want = `--- p
+++ p
@@ -4,7 +4,7 @@
 b = 2
 
 [profile migration]
-region = us-east-1
+region = eu-west-1
 credential_process = /usr/local/bin/credproc --profile migration-role
 # filler
 # filler
@@ -16,4 +16,8 @@
 # filler
 # filler
 [profile x]
-role_arn = y
\ No newline at end of file
+role_arn = y
+
+[profile migration-role]
+role_arn = arn:aws:iam::111122223333:role/migrator
+web_identity_token_file = /t
\ No newline at end of file
`
	if got := e.Diff("p"); got != want {
		t.Errorf("got\n%s", got)
	}
	e, _ = Apply("p", []byte("[default]\naws_secret_access_key = SECRET\naws_session_token=TOKEN\n"), example("x")...)
	if d := e.Diff("p"); strings.Contains(d, "SECRET") || strings.Contains(d, "TOKEN") || !strings.Contains(d, " aws_session_token= (not shown)") {
		t.Error(d)
	}
}

// aFile makes up a config file, as odd as people's are.
func aFile(r *rand.Rand) string {
	var b strings.Builder
	end := pick(r, "\n", "\n", "\r\n")
	if r.IntN(10) == 0 {
		b.WriteString("\ufeff")
	}
	headers := []string{"default", "profile a", "profile b", "profile ünï-cödé", "profile migration", "profile migration", "profile migration-role", "sso-session s",
		"services local", "plugins", "profile \"with space\"", "profile migrations", "profile my-migration", "odd ] one", "preview"}
	r.Shuffle(len(headers), func(i, j int) { headers[i], headers[j] = headers[j], headers[i] })
	for i := range r.IntN(7) {
		for range r.IntN(3) {
			b.WriteString(pick(r, "# a comment", "; [profile migration]", "", "  ", "\t", "#region = x", "# ümläut 日本") + end)
		}
		header := headers[i]
		if r.IntN(30) == 0 {
			header = headers[0] // twice
		}
		b.WriteString(pick(r, "", "", "", "", " ") + "[" + header + "]" + pick(r, "", "", " ", " # why") + end)
		indent := pick(r, "", "", "", "  ", "\t")
		for k := range r.IntN(5) {
			key := pick(r, "output", "s3", "region", "credential_process", "role_arn", "web_identity_token_file", "credproc_token_source", "x-"+fmt.Sprint(k), "Ключ", "max_attempts")
			value := pick(r, "json", "eu-west-1", "a = b : c", "\"quoted\"", "日本語", "x # comment", "", "/usr/local/bin/credproc --profile migration-role", "/t", "a;b#c")
			b.WriteString(indent + key + pick(r, " = ", "=", " =", ": ", "\t=\t") + value + pick(r, "", "", " ") + end)
			if r.IntN(5) == 0 {
				b.WriteString(indent + "s" + fmt.Sprint(k) + " =" + end + indent + "  addressing_style = path" + end + pick(r, "", indent+"# in between"+end) + indent + "  other = 日" + end)
			}
		}
	}
	text := b.String()
	if r.IntN(3) == 0 {
		text = strings.TrimSuffix(text, end)
	}
	return text
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// Whatever the file is, all that is not ours stays, byte for byte: what Apply
// takes away are lines of ours, and without what it adds the file is the old one.
func TestApplyKeepsEveryOtherByte(t *testing.T) {
	n, taken, changedLine := 6000, 0, 0
	if testing.Short() {
		n = 1000
	}
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 6))
		text := aFile(r)
		took, touched := checkApply(t, []byte(text))
		if t.Failed() {
			t.Fatalf("seed %d\n%s", seed, text)
		}
		if took {
			taken++
		}
		if touched {
			changedLine++
		}
	}
	// The files are not so odd that nothing is tried.
	if taken < n/4 || changedLine < n/40 {
		t.Errorf("of %d files %d were taken, and in %d a line was changed", n, taken, changedLine)
	}
}

func FuzzApply(f *testing.F) {
	for seed := range 20 {
		f.Add([]byte(aFile(rand.New(rand.NewPCG(uint64(seed), 1)))))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkApply(t, text) })
}

// checkApply is the property. It tells whether the file was taken, and whether
// one of its lines was replaced.
func checkApply(t *testing.T, text []byte) (taken, touched bool) {
	e, err := Apply("p", text, example("eu-west-1")...)
	if err != nil {
		return false, false
	}
	if !bytes.Equal(e.without('+'), text) {
		t.Error("the lines that stay and go are not the old file")
	}
	old, err := parse("p", text, configFile)
	if err != nil {
		t.Fatal(err)
	}
	after, err := parse("p", e.Text(), configFile)
	if err != nil {
		t.Fatalf("it cannot be read any more: %v", err)
	}
	for _, c := range example("eu-west-1") {
		s, ok := after.Profile(c.Profile)
		for _, pair := range c.Set {
			if got, _ := s.Value(pair.Key); !ok || got != pair.Value {
				t.Errorf("%s of %s is %q", pair.Key, c.Profile, got)
			}
		}
		for _, key := range c.Drop {
			if _, ok := s.Value(key); ok {
				t.Errorf("%s has %s", c.Profile, key)
			}
		}
	}
	for _, name := range old.Profiles() {
		if name == "migration" || name == "migration-role" {
			continue
		}
		a, _ := old.Profile(name)
		b, ok := after.Profile(name)
		if !ok || fmt.Sprint(texts(a)) != fmt.Sprint(texts(b)) {
			t.Errorf("profile %q is another one: %v, %v", name, texts(a), texts(b))
		}
	}
	// What goes is a line of one of our keys, or lacked a line end.
	for i, l := range e.lines {
		if l.op != '-' {
			continue
		}
		key := strings.ToLower(strings.TrimSpace(l.text))
		ours := false
		for _, name := range []string{"region", "credential_process", "role_arn", "web_identity_token_file", "credproc_token_source"} {
			ours = ours || strings.HasPrefix(key, name)
		}
		if !ours && !(strings.HasPrefix(e.lines[i+1].text, l.text) && strings.TrimLeft(e.lines[i+1].text[len(l.text):], "\r\n") == "") {
			t.Errorf("%q is gone", l.text)
		}
		touched = touched || ours
	}
	if len(text) > 0 && bytes.HasSuffix(text, []byte("\n")) != bytes.HasSuffix(e.Text(), []byte("\n")) {
		t.Error("the end of the file is another one")
	}
	if !bytes.Contains(text, []byte("\r")) == bytes.Contains(e.Text(), []byte("\r")) {
		t.Error("the line ends are others")
	}
	again, err := Apply("p", e.Text(), example("eu-west-1")...)
	if err != nil || again.Changed() {
		t.Errorf("a second time changes something: %v\n%s", err, again.Diff("p"))
	}
	return true, touched
}

func texts(s Section) map[string]string {
	m := make(map[string]string)
	for key, v := range s.keys {
		m[key] = v.text
	}
	return m
}
