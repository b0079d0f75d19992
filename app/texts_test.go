package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// commandLine matches command lines meant for users. Only app/cli may contain them, because
// other front ends have no commands.
var commandLine = regexp.MustCompile(`\bvmterminal |(^|[ (])--[a-z]`)

// commandLineExceptions lists files and folders whose string literals may match commandLine,
// with the reasons.
var commandLineExceptions = map[string]string{
	"app/lifecycle.go": "the command line that starts a supervisor",
	"app/connect.go":   "the command line that starts a supervisor",
	"app/packages.go":  "flags of the guest's package managers",
	"app/ssh.go":       "the command that ssh runs to connect, and its comment in a file for OpenSSH",
	"vm/debian":        "flags of mmdebstrap and of mke2fs",
	"vm/agent/guest":   "flags of systemctl in a guest",
	"vm/image":         "flags of qemu-img",
	"vm/qemu/qemu.go":  "QEMU's flag for its version",
	"snapshot/bench":   "commands of the programs that it compares",
}

func TestCommandLinesAreOnlyInTheCLI(t *testing.T) {
	used := map[string]bool{}
	for _, folder := range []string{"app", "vm", "snapshot"} {
		err := filepath.WalkDir(filepath.Join(moduleRoot, folder), func(path string, d fs.DirEntry, err error) error {
			name, _ := filepath.Rel(moduleRoot, path)
			switch {
			case err != nil:
				return err
			case d.IsDir() && (name == "app/cli" || name == "app/endtoend" || name == "app/torture" || d.Name() == "testdata"):
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			for _, excepted := range []string{name, filepath.Dir(name)} {
				if commandLineExceptions[excepted] != "" && len(commandLines(t, path)) > 0 {
					used[excepted] = true
					return nil
				}
			}
			for _, found := range commandLines(t, path) {
				t.Errorf("%s contains a command line: %s", name, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range commandLineExceptions {
		if !used[name] {
			t.Errorf("the exception for %s is not needed", name)
		}
	}
}

// commandLines returns the string literals of a file that contain a command line.
func commandLines(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && commandLine.MatchString(text) {
				found = append(found, lit.Value)
			}
		}
		return true
	})
	return found
}
