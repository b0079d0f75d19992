package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	modulePath = "vmterminal"
	moduleRoot = ".."
	fynePath   = "fyne.io/fyne/v2"
)

// arrow is an import that must not be, between packages named by their path in
// the module. A name ending in "/..." means the package and all below it.
type arrow struct {
	from, to []string
	except   []string // what from may use nevertheless
	why      string
}

var forbidden = []arrow{
	{
		from:   []string{"app/ondisk"},
		to:     []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		except: []string{"app/ondisk/guard"},
		why:    "vm and snapshot both build on the leaf; what it imported, both would know",
	},
	{
		from: []string{"app/ondisk/guard"},
		to:   []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		why:  "whoever has a guard names it there, and must not get more by it",
	},
	{
		from: []string{"vm/..."},
		to:   []string{"snapshot/..."},
		why:  "a VM is run without knowing how its disk is kept; app joins the two",
	},
	{
		from: []string{"snapshot/..."},
		to:   []string{"vm/..."},
		why:  "the engine knows files and readers, so that any disk can be its source",
	},
	{
		from:   []string{"vm/...", "snapshot/..."},
		to:     []string{"app/..."},
		except: []string{"app/ondisk", "app/ondisk/guard"},
		why:    "arrows go down: what a use case is must not be known below it",
	},
	{
		from: []string{"vm/...", "snapshot/..."},
		to:   []string{"widgets/...", "assets/..."},
		why:  "what runs and keeps VMs draws nothing and carries nothing",
	},
	{
		from: []string{"app"},
		to:   []string{"app/cli/...", "app/desktop/...", "widgets/...", "assets/..."},
		why:  "the Service has no face: window, tray and commands are equal before it",
	},
	{
		from: []string{"app/cli/..."},
		to:   []string{"app/desktop/...", "widgets/...", "assets/...", "vm/...", "snapshot/..."},
		why:  "the commands know the Service and nothing behind or beside it",
	},
	{
		from: []string{"app/desktop/..."},
		to:   []string{"app/cli/...", "assets/guest/...", "vm/...", "snapshot/..."},
		why:  "the window knows the Service, widgets and pictures, and nothing behind them",
	},
	{
		from:   []string{"widgets/..."},
		to:     []string{"app/...", "assets/...", "vm/...", "snapshot/..."},
		except: []string{"app/ondisk/guard"},
		why:    "widgets take plain values and give callbacks; one place wires them",
	},
	{
		from:   []string{"assets/..."},
		to:     []string{"app/...", "widgets/...", "vm/...", "snapshot/..."},
		except: []string{"app/ondisk"},
		why:    "what is carried does not know who uses it",
	},
	{
		from: []string{"", "app", "app/cli/...", "app/desktop/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		to:   []string{"app/torture/..."},
		why:  "what breaks things on purpose is no part of the program",
	},
	{
		from: []string{""},
		to:   []string{"widgets/...", "vm/...", "snapshot/..."},
		why:  "main picks a face and hands it the Service; it does no work",
	},
}

// mayDraw are the packages that may reach Fyne, by whatever way.
var mayDraw = []string{"", "app/desktop/...", "widgets", "widgets/console", "assets"}

// listed is what go list tells of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
	CgoFiles   []string
}

// nameInside is the package's name in the rules: its path inside the module.
func nameInside(importPath string) (string, bool) {
	if importPath == modulePath {
		return "", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

func fits(patterns []string, name string) bool {
	for _, p := range patterns {
		below, whole := strings.CutSuffix(p, "/...")
		if name == below || whole && strings.HasPrefix(name, below+"/") {
			return true
		}
	}
	return false
}

func isFyne(importPath string) bool {
	return strings.HasPrefix(importPath, "fyne.io/") || strings.HasPrefix(importPath, "github.com/fyne-io/")
}

// wrongArrows tells which imports the rules forbid, a line each.
func wrongArrows(pkgs []listed) []string {
	var wrong []string
	for _, p := range pkgs {
		from, ours := nameInside(p.ImportPath)
		if !ours {
			continue
		}
		for _, imported := range p.Imports {
			to, ours := nameInside(imported)
			for _, r := range forbidden {
				if ours && fits(r.from, from) && fits(r.to, to) && !fits(r.except, to) {
					wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, r.why))
				}
			}
		}
		if i := slices.IndexFunc(p.Deps, isFyne); i >= 0 && !fits(mayDraw, from) {
			wrong = append(wrong, fmt.Sprintf("%s reaches %s: only app/desktop, widgets and assets draw", p.ImportPath, p.Deps[i]))
		}
	}
	return wrong
}

// wrongInPure tells what a build without the window must not contain.
func wrongInPure(pkgs []listed) []string {
	var wrong []string
	for _, p := range pkgs {
		if isFyne(p.ImportPath) {
			wrong = append(wrong, p.ImportPath+" is linked: vmt must start where no display library is")
		}
		if !p.Standard && len(p.CgoFiles) > 0 {
			wrong = append(wrong, p.ImportPath+" needs cgo: vmt is pure Go")
		}
	}
	return wrong
}

func goList(t *testing.T, env []string, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Standard,Imports,Deps,CgoFiles"}, args...)...)
	cmd.Dir = moduleRoot
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func TestArrowsGoOneWay(t *testing.T) {
	builds := []struct {
		name string
		env  []string
		args []string
	}{
		{"window", []string{"CGO_ENABLED=1"}, []string{"./..."}},
		{"commands", []string{"CGO_ENABLED=0"}, []string{"-tags", "nogui", "./..."}},
		{"commands on macOS", []string{"CGO_ENABLED=0", "GOOS=darwin"}, []string{"-tags", "nogui", "./..."}},
	}
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) {
			pkgs := goList(t, b.env, b.args...)
			for _, wrong := range wrongArrows(pkgs) {
				t.Error(wrong)
			}
			if b.name == "window" {
				everyNameIsReal(t, pkgs)
			}
		})
	}
}

// everyNameIsReal fails when a rule speaks of a package that is not there: a
// renamed folder must not slip out of its rule.
func everyNameIsReal(t *testing.T, pkgs []listed) {
	t.Helper()
	patterns := slices.Clone(mayDraw)
	for _, r := range forbidden {
		patterns = append(patterns, slices.Concat(r.from, r.to, r.except)...)
	}
	slices.Sort(patterns)
	for _, pattern := range slices.Compact(patterns) {
		if !slices.ContainsFunc(pkgs, func(p listed) bool {
			n, ours := nameInside(p.ImportPath)
			return ours && fits([]string{pattern}, n)
		}) {
			t.Errorf("a rule speaks of %q, and there is no such package", pattern)
		}
	}
}

func TestPureBuildHasNoWindow(t *testing.T) {
	// With cgo on: off, a package that needs it would only hide its files.
	for _, wrong := range wrongInPure(goList(t, []string{"CGO_ENABLED=1"}, "-tags", "nogui", ".")) {
		t.Error(wrong)
	}
}

func TestRulesCatchWhatTheyForbid(t *testing.T) {
	full := func(n string) string {
		return strings.TrimSuffix(modulePath+"/"+strings.TrimSuffix(n, "/..."), "/")
	}
	for _, r := range forbidden {
		for _, from := range r.from {
			for _, to := range r.to {
				bad := listed{ImportPath: full(from), Imports: []string{"fmt", full(to)}}
				if len(wrongArrows([]listed{bad})) == 0 {
					t.Errorf("%q may import %q unnoticed", from, to)
				}
			}
			for _, to := range r.except {
				good := listed{ImportPath: full(from), Imports: []string{full(to)}}
				if wrong := wrongArrows([]listed{good}); len(wrong) > 0 {
					t.Errorf("an allowed import is refused: %v", wrong)
				}
			}
		}
	}
	for _, n := range []string{"vm/qemu", "snapshot", "app", "app/cli", "app/ondisk", "widgets/screen", "assets/guest"} {
		if len(wrongArrows([]listed{{ImportPath: full(n), Deps: []string{"fmt", fynePath + "/canvas"}}})) == 0 {
			t.Errorf("%s may reach Fyne unnoticed", n)
		}
	}
	if wrong := wrongArrows([]listed{{ImportPath: full("widgets"), Deps: []string{fynePath}}}); len(wrong) > 0 {
		t.Errorf("widgets may not draw: %v", wrong)
	}
	if wrong := wrongInPure([]listed{
		{ImportPath: "github.com/fyne-io/terminal"},
		{ImportPath: "example.org/c", CgoFiles: []string{"c.go"}},
		{ImportPath: "net", Standard: true, CgoFiles: []string{"cgo_linux.go"}},
	}); len(wrong) != 2 {
		t.Errorf("want a complaint about Fyne and one about cgo, have %q", wrong)
	}
}
