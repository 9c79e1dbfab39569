package awsconfig

import (
	"fmt"
	"strings"
	"testing"
)

// FuzzLoad accounts for every line that is neither blank nor comment: it stands
// in one section, key or value, or among the skipped, and nothing else does.
func FuzzLoad(f *testing.F) {
	for _, row := range rows {
		if len(row.file) < 4096 {
			f.Add([]byte(row.file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		asConfig, configErr := parse("p", data, configFile)
		file, err := parse("p", data, credentialsFile) // keeps every section
		if fmt.Sprint(err) != fmt.Sprint(configErr) {
			t.Fatalf("as credentials %v, as config %v", err, configErr)
		}
		if err != nil {
			return
		}
		dump(asConfig)

		text, _ := decode("p", data)
		lines := strings.Split("\n"+text, "\n") // from 1
		for i, line := range lines {
			lines[i] = strings.TrimSpace(line)
			if strings.HasPrefix(lines[i], "#") || strings.HasPrefix(lines[i], ";") {
				lines[i] = ""
			}
		}
		take := func(number int) string {
			line := lines[number]
			if lines[number] = ""; line == "" {
				t.Fatalf("line %d says nothing, or two things", number)
			}
			return line
		}
		check := func(in keys) {
			for key, v := range in {
				first, more, _ := strings.Cut(v.text, "\n")
				line := take(v.line)
				if rest, ok := strings.CutPrefix(strings.ToLower(line), key); !ok || !strings.Contains(rest, strings.ToLower(first)) || !strings.Contains(line, first) {
					t.Fatalf("line %d is read as %q: %q", v.line, key, first)
				}
				number := v.line
				for want := range strings.FieldsFuncSeq(more, func(r rune) bool { return r == '\n' }) {
					for number++; lines[number] == ""; number++ {
					}
					if got := take(number); got != want {
						t.Fatalf("line %d, %q, is read as %q", number, got, want)
					}
				}
			}
		}
		for _, number := range file.Skipped {
			take(number)
		}
		for i, name := range file.Profiles() {
			s, _ := file.Profile(name)
			if line := take(s.Line); !strings.HasPrefix(line, "["+name+"]") {
				t.Fatalf("line %d, %q, begins section %q", s.Line, line, name)
			}
			check(s.keys)
			if i == 0 {
				check(s.defaults)
			}
		}
		for i, line := range lines {
			if line != "" && !strings.HasPrefix(line, "[DEFAULT]") && len(file.Profiles()) > 0 {
				t.Fatalf("line %d, %q, is lost", i, line)
			}
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
