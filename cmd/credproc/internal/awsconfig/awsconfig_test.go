package awsconfig

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// content maps profile (or services section) and key to a value; a block is a
// map of its own.
type content struct {
	Profiles map[string]map[string]any `json:"profiles,omitempty"`
	Services map[string]map[string]any `json:"services,omitempty"`
}

// refused stands for a file that botocore raises ConfigParseError for.
const refused = "refused"

// The rows are what users write. want is JSON of a content; botocore is what
// botocore reads instead, where that is not want, and why says why we differ.
var rows = []struct {
	name, file, want  string
	wantErr           string // after "PATH:" or "PATH: "
	skipped           []int
	botocore, why     string
	isCredentialsFile bool
}{
	{name: "empty file", file: "", want: `{}`},
	{name: "space around =", file: "[profile a]\nregion=x\noutput  =  json \nrole_arn\t=\ty\t\n", want: `{"profiles":{"a":{"region":"x","output":"json","role_arn":"y"}}}`},
	{name: "colon for =", file: "[profile a]\nregion: x\nrole_arn = arn:aws:iam::1:role/r\n", want: `{"profiles":{"a":{"region":"x","role_arn":"arn:aws:iam::1:role/r"}}}`},
	{name: "first of colon and =", file: "[profile a]\na:b=c\nd=e:f=g\n", want: `{"profiles":{"a":{"a":"b=c","d":"e:f=g"}}}`},
	{name: "comment lines", file: "# x = y\n; z\n[profile a]\n  # b = c\nregion = x\n;d = e\n   ;f\noutput = json\n", want: `{"profiles":{"a":{"region":"x","output":"json"}}}`},
	{name: "comment after a value", file: "[profile a]\nregion = eu-west-1 # Ireland\noutput = json\t; always # so\n",
		want:     `{"profiles":{"a":{"region":"eu-west-1","output":"json"}}}`,
		botocore: `{"profiles":{"a":{"region":"eu-west-1 # Ireland","output":"json\t; always # so"}}}`, why: "Go and Java cut the comment"},
	{name: "no comment inside a word", file: "[profile a]\nx = a#b;c\ny = #z\n", want: `{"profiles":{"a":{"x":"a#b;c","y":"#z"}}}`},
	{name: "comment after a header", file: "[profile a] # why\nx = 1\n[profile b]; why\nx = 2\n", want: `{"profiles":{"a":{"x":"1"},"b":{"x":"2"}}}`},
	{name: "bracket in a comment after a header", file: "[profile a] # see [b]\nx = 1\n", want: `{"profiles":{"a":{"x":"1"}}}`,
		botocore: `{}`, why: "botocore loses the profile"},
	{name: "surrounding quotes", file: "[profile a]\nx = \"q\"\ny = 'q'\nz = \"\"\"q\"\"\"\nw = \"a\" \"b\"\n", want: `{"profiles":{"a":{"x":"\"q\"","y":"'q'","z":"\"\"\"q\"\"\"","w":"\"a\" \"b\""}}}`},
	{name: "open quotes and backquotes", file: "[profile a]\nv = `x`\nw = `open\nx = \"\"\"open\ny = \"open\nz = 1\n", want: "{\"profiles\":{\"a\":{\"v\":\"`x`\",\"w\":\"`open\",\"x\":\"\\\"\\\"\\\"open\",\"y\":\"\\\"open\",\"z\":\"1\"}}}"},
	{name: "backslash at the end of a line", file: "[profile a]\nx = C:\\dir\\\ny = 1\n", want: `{"profiles":{"a":{"x":"C:\\dir\\","y":"1"}}}`},
	{name: "percent signs", file: "[profile a]\nx = %(y)s%%\ny = 1\n", want: `{"profiles":{"a":{"x":"%(y)s%%","y":"1"}}}`},
	{name: "CRLF", file: "[profile a]\r\nregion = x\r\ns3 =\r\n  a = b\r\n\r\n[profile b]\r\n", want: `{"profiles":{"a":{"region":"x","s3":{"a":"b"}},"b":{}}}`},
	{name: "CR", file: "[profile a]\rregion = x\routput = json", want: `{"profiles":{"a":{"region":"x","output":"json"}}}`},
	{name: "UTF-8 byte order mark", file: "\ufeff[profile a]\nx = 1\n", want: `{"profiles":{"a":{"x":"1"}}}`, botocore: refused, why: "Windows editors write it"},
	{name: "UTF-16", file: "\xff\xfe[\x00a\x00]\x00", wantErr: " is UTF-16, AWS config files are UTF-8"},
	{name: "not UTF-8", file: "[profile a]\nx = \xe9\n", wantErr: "2: is not UTF-8"},
	{name: "NUL", file: "[profile a]\n\nx = 1\x00\n", wantErr: "3: contains a NUL byte", botocore: `{"profiles":{"a":{"x":"1\u0000"}}}`, why: "no value may hold it"},
	{name: "tabs", file: "[profile\ta]\n\tregion\t=\tx\n\toutput = json\n", want: `{"profiles":{"a":{"region":"x","output":"json"}}}`},
	{name: "unicode", file: "[profile jürgen]\nx = größe 日本\n", want: `{"profiles":{"jürgen":{"x":"größe 日本"}}}`},
	{name: "no-break spaces", file: "[profile a]\nx\u00a0=\u00a0y\u00a0\n\u00a0z = 1\n", want: `{"profiles":{"a":{"x":"y\nz = 1"}}}`},
	{name: "indentation counts characters", file: "[profile a]\n\u00a0x = 1\n  y = 2\n", want: `{"profiles":{"a":{"x":"1\ny = 2"}}}`},
	{name: "keys of any characters", file: "[profile a]\n\"k\" = 1\n`l` = 2\n`m = 3\n- = 4\n-n = 5\n]=6\n", want: "{\"profiles\":{\"a\":{\"\\\"k\\\"\":\"1\",\"`l`\":\"2\",\"`m\":\"3\",\"-\":\"4\",\"-n\":\"5\",\"]\":\"6\"}}}"},
	{name: "upper-case keys", file: "[profile A]\nROLE_ARN = X\nRegion = y\n", want: `{"profiles":{"A":{"role_arn":"X","region":"y"}}}`},
	{name: "profile names differ in case", file: "[profile a]\nx = 1\n[profile A]\nx = 2\n", want: `{"profiles":{"a":{"x":"1"},"A":{"x":"2"}}}`},
	{name: "section twice", file: "[profile a]\nx = 1\n\n[profile b]\n[profile a]\ny = 2\n", wantErr: "5: this line begins a section that line 1 has begun already"},
	{name: "key twice", file: "[profile a]\nx = 1\ny = 2\nX = 3\n", wantErr: "4: this line sets a key that line 2 has set already"},
	{name: "same key in two sections", file: "[profile a]\nx = 1\n[profile b]\nx = 2\n", want: `{"profiles":{"a":{"x":"1"},"b":{"x":"2"}}}`},
	{name: "two sections of one profile", file: "[profile a]\nx = 1\n[profile \"a\"]\ny = 2\n[profile  a]\nz = 3\n", want: `{"profiles":{"a":{"z":"3"}}}`},
	{name: "quoted names", file: "[profile \"two words\"]\nx = 1\n[profile 'o\"ne']\nx = 2\n[profile a\\ b]\nx = 3\n[profile \"q\\\"\\x\"]\nx = 4\n[profile \"\"]\nx = 5\n[profile 'r\\s']\nx = 6\n",
		want: `{"profiles":{"two words":{"x":"1"},"o\"ne":{"x":"2"},"a b":{"x":"3"},"q\"\\x":{"x":"4"},"":{"x":"5"},"r\\s":{"x":"6"}}}`},
	{name: "headers that are no profile", file: "[profile]\nx = 1\n[profile a b]\nx = 2\n[profile \"open]\nx = 3\n[other]\nx = 4\n[preview y]\nx = 5\n[profile a\\]\nx = 6\n[Default]\nx = 7\n[ default ]\n[ profile a ]\n", want: `{}`},
	{name: "headers that botocore takes for a profile", file: "[profiles a]\nx = 1\n[profile b ]\nx = 2\n[profile [c]]\nx = 3\n", want: `{"profiles":{"a":{"x":"1"},"b":{"x":"2"},"[c]":{"x":"3"}}}`},
	{name: "dots in names", file: "[profile prod]\nx = 1\ny = 2\n[profile prod.eu]\nx = 3\n", want: `{"profiles":{"prod":{"x":"1","y":"2"},"prod.eu":{"x":"3"}}}`},
	{name: "default", file: "[default]\nx = 1\n[profile a]\nx = 2\n", want: `{"profiles":{"default":{"x":"1"},"a":{"x":"2"}}}`},
	{name: "profile default after default", file: "[default]\nx = 1\n[profile default]\ny = 2\n", want: `{"profiles":{"default":{"y":"2"}}}`},
	{name: "profile default before default", file: "[profile default]\ny = 2\n[default]\nx = 1\n", want: `{"profiles":{"default":{"y":"2"}}}`,
		botocore: `{"profiles":{"default":{"x":"1"}}}`, why: "AWS's reference guide and Go let [profile default] win"},
	{name: "DEFAULT is for all", file: "[profile a]\nx = 1\n[DEFAULT]\nx = 2\ny = 3\n", want: `{"profiles":{"a":{"x":"1","y":"3"}}}`},
	{name: "DEFAULT twice", file: "[DEFAULT]\nx = 1\n[profile a]\n[DEFAULT]\ny = 2\n", wantErr: "4: this line begins a section that line 1 has begun already",
		botocore: `{"profiles":{"a":{"x":"1","y":"2"}}}`, why: "as for every other section"},
	{name: "empty values", file: "[profile a]\nx =\ny = \n\nz=\n[profile b]\n", want: `{"profiles":{"a":{"x":"","y":"","z":""},"b":{}}}`},
	{name: "no newline at the end", file: "[profile a]\nx = 1", want: `{"profiles":{"a":{"x":"1"}}}`},
	{name: "no newline after a header", file: "[profile a]", want: `{"profiles":{"a":{}}}`},
	{name: "very long line", file: "[profile a]\nx = " + strings.Repeat("y", 200_000) + "\nz = 1\n", want: `{"profiles":{"a":{"x":"` + strings.Repeat("y", 200_000) + `","z":"1"}}}`},
	{name: "block", file: "[profile a]\ns3 =\n  endpoint_url = http://x:1/#y\n  addressing_style=path\nregion = x\n", want: `{"profiles":{"a":{"s3":{"endpoint_url":"http://x:1/#y","addressing_style":"path"},"region":"x"}}}`},
	{name: "block with blank lines and comments", file: "[profile a]\ns3 =\n\n  # one\n  a = 1\n\n; two\n  b = 2 # stays\n\n\nregion = x\n", want: `{"profiles":{"a":{"s3":{"a":"1","b":"2 # stays"},"region":"x"}}}`},
	{name: "two blocks", file: "[profile a]\ns3 =\n  endpoint_url = 1\nsts =\n  endpoint_url = 2\n  B = 3\n  B = 4\n", want: `{"profiles":{"a":{"s3":{"endpoint_url":"1"},"sts":{"endpoint_url":"2","B":"4"}}}}`},
	{name: "block deeper inside", file: "[profile a]\n  s3 =\n    a = 1\n      b = 2\n  region = x\n", want: `{"profiles":{"a":{"s3":{"a":"1","b":"2"},"region":"x"}}}`},
	{name: "no block without deeper lines", file: "[profile a]\n  s3 =\n  a = 1\n b = 2\n", want: `{"profiles":{"a":{"s3":"","a":"1","b":"2"}}}`},
	{name: "block after a comment on its key", file: "[profile a]\ns3 = # local\n  a = 1\n", want: `{"profiles":{"a":{"s3":"# local\na = 1"}}}`},
	{name: "block with a bad line", file: "[profile a]\ns3 =\n  nonsense\n  a = 1\n", want: `{"profiles":{"a":{"s3":{"a":"1"}}}}`, skipped: []int{3}, botocore: refused, why: "one bad line does not cost a file"},
	{name: "value of several lines", file: "[profile a]\nx = 1\n  y = 2\n\n  z\nw = 3\n", want: `{"profiles":{"a":{"x":"1\ny = 2\n\nz","w":"3"}}}`},
	{name: "indented header belongs to the value above", file: "[profile a]\nx = 1\n  [profile b]\n  y = 2\n", want: `{"profiles":{"a":{"x":"1\n[profile b]\ny = 2"}}}`},
	{name: "indented file", file: "  [profile a]\n    x = 1\n    y = 2\n[profile b]\nz = 3\n", want: `{"profiles":{"a":{"x":"1","y":"2"},"b":{"z":"3"}}}`},
	{name: "bad line", file: "[profile a]\nx = 1\nnonsense\n  and more of it = 2\n= 3\n[profile b]\ny = 4\n", want: `{"profiles":{"a":{"x":"1"},"b":{"y":"4"}}}`, skipped: []int{3, 4, 5}, botocore: refused, why: "one bad line does not cost a file"},
	{name: "key before any section", file: "# hello\nx = 1\n[profile a]\n", wantErr: "2: this line comes before the first [section]"},
	{name: "unclosed header", file: "[profile a]\nx = 1\n[profile b\ny = 2\n", wantErr: "3: this line is not a complete [section] header"},
	{name: "empty header", file: "[profile a]\n[]\ny = 2\n", wantErr: "2: this line is not a complete [section] header"},
	{name: "services", file: "[profile a]\nservices = local\n[services local]\nsts =\n  endpoint_url = http://x\ns3 =\n  endpoint_url = http://y\n[services \"b c\"]\nz = 1\n",
		want: `{"profiles":{"a":{"services":"local"}},"services":{"local":{"sts":{"endpoint_url":"http://x"},"s3":{"endpoint_url":"http://y"}},"b c":{"z":"1"}}}`},
	{name: "other sections", file: "[sso-session a]\nx = 1\n[plugins]\ny = 2\n[profile b]\n[services]\n", want: `{"profiles":{"b":{}}}`},
	{name: "credentials file", isCredentialsFile: true, file: "[default]\naws_access_key_id = A\n[a b]\nX = 1\n[profile c]\ny = 2\n[services d]\n",
		want: `{"profiles":{"default":{"aws_access_key_id":"A"},"a b":{"x":"1"},"profile c":{"y":"2"},"services d":{}}}`},
	{name: "credentials file with DEFAULT", isCredentialsFile: true, file: "[DEFAULT]\nregion = x\n[a]\n[ b ]\n", want: `{"profiles":{"a":{"region":"x"}," b ":{"region":"x"}}}`},
}

func TestLoad(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			path := write(t, row.file)
			f, err := loader(row.isCredentialsFile)(path)
			if row.wantErr != "" {
				if err == nil || err.Error() != path+":"+row.wantErr {
					t.Fatalf("error %v, want %s:%s", err, path, row.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, want := dump(f), decodeContent(t, row.want); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %s\nwant %s", encode(t, got), encode(t, want))
			}
			if !slices.Equal(f.Skipped, row.skipped) {
				t.Errorf("skipped lines %v, want %v", f.Skipped, row.skipped)
			}
		})
	}
}

// TestRowsAgainstBotocore lets botocore itself read every row.
func TestRowsAgainstBotocore(t *testing.T) {
	const script = `
import json, sys
from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigParseError
answers = []
for path, isCredentialsFile in json.load(sys.stdin):
    try:
        c = {"profiles": raw_config_parse(path)} if isCredentialsFile else load_config(path)
        answers.append(json.dumps({k: c[k] for k in ("profiles", "services") if c.get(k)}))
    except ConfigParseError:
        answers.append("refused")
json.dump(answers, sys.stdout)
`
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import botocore.configloader").Run() != nil {
		t.Skip("not run: python3 with botocore is missing")
	}
	var files [][2]any
	for _, row := range rows {
		files = append(files, [2]any{write(t, row.file), row.isCredentialsFile})
	}
	cmd := exec.Command(python, "-X", "utf8", "-c", script)
	cmd.Stdin = strings.NewReader(encode(t, files))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(rows) {
		t.Fatalf("%d answers for %d rows: %v", len(answers), len(rows), err)
	}
	for i, row := range rows {
		want := row.botocore
		switch {
		case want != "" && row.why == "":
			t.Errorf("%s: no reason given for departing from botocore", row.name)
		case want == "" && row.wantErr != "":
			want = refused
		case want == "":
			want = row.want
		}
		got := answers[i]
		if got == refused || want == refused {
			if got != want {
				t.Errorf("%s: botocore says %s, the table %s", row.name, got, want)
			}
		} else if !reflect.DeepEqual(decodeContent(t, got), decodeContent(t, want)) {
			t.Errorf("%s: botocore reads %s, the table says %s", row.name, got, want)
		}
	}
}

func loader(isCredentialsFile bool) func(string) (*File, error) {
	if isCredentialsFile {
		return LoadCredentials
	}
	return Load
}

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dump reads all there is through the public methods; only the names of keys
// come from inside.
func dump(f *File) content {
	var c content
	for _, name := range f.Profiles() {
		s, _ := f.Profile(name)
		put(&c.Profiles, s)
	}
	for _, name := range f.services.order {
		s, _ := f.Services(name)
		put(&c.Services, s)
	}
	return c
}

func put(sections *map[string]map[string]any, s Section) {
	if *sections == nil {
		*sections = make(map[string]map[string]any)
	}
	values := make(map[string]any)
	(*sections)[s.Name] = values
	for _, from := range []keys{s.keys, s.defaults} {
		for key := range from {
			if v, ok := s.Value(key); ok {
				values[key] = v
				continue
			}
			text, _ := s.text(key)
			block := make(map[string]any)
			for line := range strings.SplitSeq(text, "\n") {
				if sub, _, ok := strings.Cut(line, "="); ok {
					sub = strings.TrimSpace(sub)
					block[sub], _ = s.Nested(key, sub)
				}
			}
			values[key] = block
		}
	}
}

func decodeContent(t *testing.T, text string) content {
	t.Helper()
	var c content
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
