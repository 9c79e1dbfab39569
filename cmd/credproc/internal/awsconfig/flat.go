package awsconfig

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Flat is the content of a config file for others to add sections to, who mean
// those to be read alike by all SDKs: without a byte order mark and without lines
// that mean nothing, either of which makes botocore refuse the file, and with what
// [DEFAULT] says written into every section that it holds in, since for botocore
// it would hold in those that are added. It is nothing for a file that does not
// exist. Its errors are those of [Load].
func Flat(path string) ([]byte, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	file, sections, err := parseWritten(path, text)
	if err != nil {
		return nil, err
	}
	isDefault := func(s written) bool { return s.header == "DEFAULT" }
	i := slices.IndexFunc(sections, isDefault)
	if i < 0 && len(file.Skipped) == 0 {
		return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), nil
	}
	var defaults keys
	if i >= 0 {
		defaults = sections[i].keys
	}
	data, err := decode(path, text)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	current := written{} // what comes before the first section
	end := func() {
		if current.line == 0 || isDefault(current) {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(defaults)) {
			if _, own := current.keys[key]; !own {
				fmt.Fprintf(&b, "%s = %s\n", key, strings.ReplaceAll(defaults[key].text, "\n", "\n  "))
			}
		}
	}
	number := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(data, "\n"), "\n") {
		number++
		if len(sections) > 0 && sections[0].line == number {
			end()
			current, sections = sections[0], sections[1:]
		}
		if !isDefault(current) && !slices.Contains(file.Skipped, number) {
			b.WriteString(line + "\n")
		}
	}
	end()
	return []byte(b.String()), nil
}
