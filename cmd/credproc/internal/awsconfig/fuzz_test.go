package awsconfig

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// FuzzLoad holds ini.v1 to its part: what it makes of the normalized text is
// what that text says, read in the plainest way. Reading is repeatable.
func FuzzLoad(f *testing.F) {
	for _, row := range rows {
		if len(row.file) < 4096 {
			f.Add([]byte(row.file), row.isCredentialsFile)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, isCredentialsFile bool) {
		classify := configFile
		if isCredentialsFile {
			classify = credentialsFile
		}
		first, err := parse("p", data, classify)
		if err != nil {
			return
		}
		second, err := parse("p", data, classify)
		if err != nil {
			t.Fatal("the second time:", err)
		}
		if a, b := dump(first), dump(second); !reflect.DeepEqual(a, b) {
			t.Fatalf("first %v\nthen %v", a, b)
		}

		text, err := normalize("p", data)
		if err != nil {
			t.Fatal(err)
		}
		section, key := "", ""
		want := make(map[string]string) // "section\nkey" to value
		for line := range strings.Lines(string(text.out)) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case line[0] == '[':
				section = line[1 : len(line)-1]
			case line[0] == '\t':
				if v := want[key]; v == "" {
					want[key] = "\x00" + line[1:]
				} else {
					want[key] = v + "\n" + line[1:]
				}
			default:
				k, v, _ := strings.Cut(line, "=")
				key = section + "\n" + k
				want[key] = v
			}
		}
		first.defaults = header{} // each section by itself, [DEFAULT] too
		for _, h := range text.headers {
			first.profiles.set("", h) // whatever it means, read it
			got, _ := first.Profile("")
			if got.keys == nil {
				t.Fatalf("ini.v1 refuses section %q of %q", h.name, data)
			}
			for _, k := range got.keys.KeyStrings() {
				v, _ := got.text(k)
				at := h.name + "\n" + k
				if w, ok := want[at]; !ok || v != strings.TrimPrefix(w, "\x00") {
					t.Fatalf("%q %q: %q, want %q, %v", h.name, k, v, w, ok)
				}
				delete(want, at)
			}
		}
		if len(want) > 0 {
			t.Fatalf("lost: %q", want)
		}
	})
}

// BenchmarkLoad is what every hit pays for a file of 20 profiles.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, "# team %d\n[profile migration-%d]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/migrator-%d\n"+
			"web_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token\nrole_session_name = migration\ns3 =\n  addressing_style = path\n\n", i, i, i)
	}
	path := write(b, text.String())
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Load(path)
		if err != nil {
			b.Fatal(err)
		}
		s, _ := f.Profile("migration-19")
		if v, _ := s.Value("role_session_name"); v != "migration" {
			b.Fatal(v)
		}
	}
}
