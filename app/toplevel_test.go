package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// callsFyneDo reports whether a file calls fyne.Do.
func callsFyneDo(fset *token.FileSet, path string, src any) (bool, error) {
	file, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
	if err != nil {
		return false, err
	}
	local := ""
	for _, imp := range file.Imports {
		if imp.Path.Value == `"`+fynePath+`"` {
			local = "fyne"
			if imp.Name != nil {
				local = imp.Name.Name
			}
		}
	}
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && local != "" {
			id, plain := sel.X.(*ast.Ident)
			found = found || plain && id.Name == local && (sel.Sel.Name == "Do" || sel.Sel.Name == "DoAndWait")
		}
		return !found
	})
	return found, nil
}

func TestOneFileCallsFyneDo(t *testing.T) {
	var callers []string
	err := filepath.WalkDir(moduleRoot, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != moduleRoot && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		calls, err := callsFyneDo(token.NewFileSet(), path, src)
		if calls {
			callers = append(callers, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(callers) != 1 {
		t.Errorf("fyne.Do is called in %q, want calls in one file only, which defines and tests their order", callers)
	}
}

func TestCallsFyneDo(t *testing.T) {
	for src, want := range map[string]bool{
		`package p; import "fyne.io/fyne/v2"; func f() { fyne.Do(nil) }`:        true,
		`package p; import g "fyne.io/fyne/v2"; func f() { g.DoAndWait(nil) }`:  true,
		`package p; import "fyne.io/fyne/v2"; var later = fyne.Do`:              true,
		`package p; import "fyne.io/fyne/v2"; var size fyne.Size`:               false,
		`package p; import fyne "example.org/other"; func f() { fyne.Do(nil) }`: false,
		`package p; type q struct{}; func (q) Do() {}; func f(x q) { x.Do() }`:  false,
		"package p\n// fyne.Do in a comment.\nimport _ \"fyne.io/fyne/v2\"\n":   false,
	} {
		got, err := callsFyneDo(token.NewFileSet(), "p.go", src)
		if err != nil || got != want {
			t.Errorf("%s: got %v, error %v, want %v", src, got, err, want)
		}
	}
}

// topLevel lists the names that are allowed in the top folder.
var topLevel = []string{
	".ci", ".editorconfig", ".gitattributes", ".github", ".gitignore", ".golangci.yml",
	"ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md",
	"FyneApp.toml", "go.mod", "go.sum", "main.go", "main_test.go",
	"app", "assets", "docs", "snapshot", "vm", "widgets",
}

func TestTopLevelFiles(t *testing.T) {
	for _, wrong := range unexpectedTopLevel(committedPaths(t)) {
		t.Errorf("%s is not in the list topLevel", wrong)
	}
	if got := unexpectedTopLevel([]string{"main.go", "utils/strings.go", "app/app.go", "utils/maps.go", "notes.txt"}); !slices.Equal(got, []string{"notes.txt", "utils"}) {
		t.Errorf("got unexpected names %q, want notes.txt and utils", got)
	}
}

// unexpectedTopLevel returns the first elements of paths that are not in topLevel.
func unexpectedTopLevel(paths []string) []string {
	seen := map[string]bool{}
	for _, path := range paths {
		top, _, _ := strings.Cut(path, "/")
		if !slices.Contains(topLevel, top) {
			seen[top] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// committedPaths returns the paths that git tracks or, in a source archive, the existing ones
// except build output.
func committedPaths(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(moduleRoot, ".git")); err != nil {
		entries, err := os.ReadDir(moduleRoot)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			if !slices.Contains([]string{"bin", "build", ".cache"}, e.Name()) {
				names = append(names, e.Name())
			}
		}
		return names
	}
	// The checkout may belong to another user.
	cmd := exec.Command("git", "-c", "safe.directory=*", "ls-files")
	cmd.Dir = moduleRoot
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return strings.Fields(string(out))
}
