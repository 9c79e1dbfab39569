package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A pkg is what go list tells of a package.
type pkg struct {
	ImportPath, Dir, Export string
	GoFiles, Imports        []string
	ImportMap               map[string]string
	Standard                bool
	Module                  struct{ Main bool }
}

// dependencies are credproc's packages and all that they import, each after
// those that it imports.
func dependencies(ctx context.Context) ([]pkg, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-export",
		"-json=ImportPath,Dir,Export,GoFiles,Imports,ImportMap,Standard,Module", program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the imports of %s: %w", program, err)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("listing the imports of %s: %w", program, err)
		}
		all = append(all, p)
	}
}

// libraries are the packages of other modules that credproc's own packages
// import themselves, each with the functions and methods of it that they name.
func libraries(all []pkg) (map[string][]string, error) {
	exports, foreign := map[string]string{}, map[string]bool{}
	names := map[string]map[string]bool{}
	for _, p := range all {
		exports[p.ImportPath] = p.Export
		foreign[p.ImportPath] = !p.Standard && !p.Module.Main
		for _, path := range p.Imports {
			if p.Module.Main && foreign[path] {
				names[path] = map[string]bool{}
			}
		}
	}
	for _, p := range all {
		if !p.Module.Main {
			continue
		}
		uses, err := p.uses(exports)
		if err != nil {
			return nil, err
		}
		for _, object := range uses {
			if f, ok := object.(*types.Func); ok && f.Pkg() != nil && names[f.Pkg().Path()] != nil {
				if name := reference(f); name != "" {
					names[f.Pkg().Path()][name] = true
				}
			}
		}
	}
	found := map[string][]string{}
	for path, set := range names {
		found[path] = slices.Sorted(maps.Keys(set))
	}
	return found, nil
}

// uses are the objects that a package's identifiers stand for.
func (p pkg) uses(exports map[string]string) (map[*ast.Ident]types.Object, error) {
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, f)
	}
	compiled := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if mapped, ok := p.ImportMap[path]; ok {
			path = mapped
		}
		return os.Open(exports[path])
	})
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: compiled}
	_, err := config.Check(p.ImportPath, fset, parsed, &info)
	return info.Uses, err
}

// reference is an expression for a function or method behind its package's
// name. It is empty for what has no value of its own: generic functions, and
// methods of interfaces and of types that are not exported.
func reference(f *types.Func) string {
	signature := f.Signature()
	if !f.Exported() || signature.TypeParams() != nil || signature.RecvTypeParams() != nil {
		return ""
	}
	if signature.Recv() == nil {
		return f.Name()
	}
	of := signature.Recv().Type()
	if pointer, ok := of.(*types.Pointer); ok {
		of = pointer.Elem()
	}
	named, ok := of.(*types.Named)
	if !ok || types.IsInterface(named) || !named.Obj().Exported() {
		return ""
	}
	return named.Obj().Name() + "." + f.Name()
}

// linkedSource is a program that has the same library code in it as credproc
// and runs none of it, but for what Go runs by itself: the init functions and
// package variables of the libraries and of all that they import, and the
// runtime's own work, which grows with the functions, types and data of a
// program. An import alone would not do: the linker would leave out most
// functions, and with them what they need to be initialized, such as maps that
// only they read. What the linker leaves out of credproc too is in neither.
func linkedSource(libraries map[string][]string) []byte {
	var imports, keep strings.Builder
	for i, path := range slices.Sorted(maps.Keys(libraries)) {
		if len(libraries[path]) == 0 { // only types or constants are used
			fmt.Fprintf(&imports, "\t_ %q\n", path)
			continue
		}
		fmt.Fprintf(&imports, "\tlib%d %q\n", i, path)
		for _, name := range libraries[path] {
			if typ, method, ok := strings.Cut(name, "."); ok {
				fmt.Fprintf(&keep, "\t(*lib%d.%s).%s,\n", i, typ, method)
			} else {
				fmt.Fprintf(&keep, "\tlib%d.%s,\n", i, name)
			}
		}
	}
	// The linker must not know that nothing is ever taken out of the list.
	return fmt.Appendf(nil, `package main

import (
	"os"
%s)

var keep = []any{
%s}

func main() {
	if len(os.Args) > 1 {
		println(keep[len(os.Args)])
	}
}
`, &imports, &keep)
}
