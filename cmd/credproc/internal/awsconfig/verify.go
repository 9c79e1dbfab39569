package awsconfig

import (
	"fmt"
	"maps"
)

// verify reads the result: ours as they should be, and all others as before.
func (e *editor) verify(edit Edit, changes []Change) error {
	unsafe := fmt.Errorf("%s: is laid out in a way that cannot be changed safely", e.path)
	file, sections, err := parseWritten(e.path, edit.Text())
	if err != nil || len(file.Skipped) > 0 {
		return unsafe
	}
	texts := func(k keys) map[string]string {
		m := make(map[string]string)
		for key, v := range k {
			m[key] = v.text
		}
		return m
	}
	want := make(map[string]map[string]string)
	for _, s := range e.sections {
		want[s.header] = texts(s.keys)
	}
	for _, c := range changes {
		header := "profile " + c.Profile
		if s, _ := e.find(c.Profile); s != nil {
			header = s.header
		} else if c.Profile == "default" {
			header = "default"
		}
		if want[header] == nil {
			want[header] = make(map[string]string)
		}
		for _, key := range c.Drop {
			delete(want[header], key)
		}
		for _, pair := range c.Set {
			want[header][pair.Key] = pair.Value
		}
	}
	if len(sections) != len(want) {
		return unsafe
	}
	for _, s := range sections {
		if w, ok := want[s.header]; !ok || !maps.Equal(w, texts(s.keys)) {
			return unsafe
		}
	}
	return nil
}
