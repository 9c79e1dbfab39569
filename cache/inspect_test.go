package cache

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Inspect names the folder that Get opens, and leaves everything as it is.
func TestInspect(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir string){
		"missing":   func(t *testing.T, dir string) {},
		"ours":      func(t *testing.T, dir string) { mkdir(t, dir, 0o700) },
		"ours, old": func(t *testing.T, dir string) { mkdir(t, dir, 0o755); touch(t, dir, "README") },
		"shared":    func(t *testing.T, dir string) { mkdir(t, dir, 0o755); touch(t, dir, "something") },
		"a file":    func(t *testing.T, dir string) { touch(t, filepath.Dir(dir), filepath.Base(dir)) },
	} {
		t.Run(name, func(t *testing.T) {
			above := t.TempDir()
			dir := filepath.Join(above, "cache")
			make(t, dir)
			before := tree(t, above)
			in := (&Cache{Dir: dir}).Inspect()
			if after := tree(t, above); !slices.Equal(before, after) {
				t.Errorf("it changed %v into %v", before, after)
			}
			f, err := openFolder(dir)
			if (err != nil) != (in.Path == "") {
				t.Fatalf("open says %v, Inspect %+v", err, in)
			}
			if err != nil {
				return
			}
			defer f.root.Close()
			if f.path != in.Path || in.Locks != nil {
				t.Errorf("open takes %s, Inspect says %+v", f.path, in)
			}
			if in = (&Cache{Dir: dir}).Inspect(); in.Path != f.path || in.Missing || in.Locks != nil {
				t.Errorf("afterwards %+v", in)
			}
		})
	}
	if in := (&Cache{Off: true}).Inspect(); in.Path != "" || in.Err == nil {
		t.Errorf("switched off: %+v", in)
	}
}

func mkdir(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Mkdir(path, mode); err != nil {
		t.Fatal(err)
	}
}

func touch(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tree lists all files below dir with their modes.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		all = append(all, path+" "+info.Mode().String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
