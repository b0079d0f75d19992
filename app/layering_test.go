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

// importRule forbids imports between packages, which are named by their paths in the module. A
// name ending in "/..." includes all packages below it.
type importRule struct {
	from, to []string
	except   []string // packages in to that may be imported nevertheless
	why      string
}

var forbidden = []importRule{
	{
		from:   []string{"snapshot/durable"},
		to:     []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		except: []string{"snapshot/durable/guard", "snapshot/durable/diskformat"},
		why:    "vm and snapshot are built on it without importing each other",
	},
	{
		from: []string{"snapshot/durable/guard"},
		to:   []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		why:  "every package with a guard imports it and must not depend on more because of that",
	},
	{
		from: []string{"snapshot/durable/diskformat"},
		to:   []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		why:  "vm and snapshot share the detection of disk formats without importing each other",
	},
	{
		from:   []string{"snapshot/durable/lazydisk"},
		to:     []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		except: []string{"snapshot/durable/lazydisk", "snapshot/durable", "snapshot/durable/guard"},
		why:    "vm and snapshot share the trailer of lazy disks without importing each other",
	},
	{
		from: []string{"snapshot/blockserver"},
		to:   []string{"app/...", "vm/...", "snapshot", "snapshot/...", "widgets/...", "assets/..."},
		why:  "it serves any disk, and parses what strangers send without access to files",
	},
	{
		from:   []string{"vm/home"},
		to:     []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		except: []string{"vm/home", "snapshot/durable"},
		why:    "file names are used everywhere and must not add dependencies",
	},
	{
		from:   []string{"app/spelling"},
		to:     []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		except: []string{"app/spelling", "snapshot/durable"},
		why:    "suggestions are computed from words alone",
	},
	{
		from: []string{"app/units"},
		to:   []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		why:  "figures are formatted from numbers alone, for every front end",
	},
	{
		from: []string{"app/config"},
		to:   []string{"app", "app/cli/...", "app/desktop/...", "snapshot", "vm/home", "vm/image/...", "vm/qemu", "vm/supervisor/...", "widgets/...", "assets/..."},
		why:  "the settings file is read by its path and needs to know only which values a VM accepts",
	},
	{
		from: []string{"app/guestfiles"},
		to:   []string{"app", "app/cli/...", "app/desktop/...", "app/problem", "vm/home", "vm/supervisor/...", "widgets/...", "assets/..."},
		why:  "files are copied through any function that runs a command in a guest; the Service selects the VM",
	},
	{
		from: []string{"app/schedule"},
		to:   []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		why:  "a schedule is computed from times alone; the Service passes the clock and takes the snapshots",
	},
	{
		from: []string{"app/problem"},
		to:   []string{"app/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		why:  "failures are data that every front end reads, whatever failed",
	},
	{
		from:   []string{"vm/..."},
		to:     []string{"snapshot/..."},
		except: []string{"snapshot/durable/..."},
		why:    "a VM runs without knowing how snapshots of its disk are stored; app connects the two",
	},
	{
		from:   []string{"vm/qcow2"},
		to:     []string{"vm/..."},
		except: []string{"vm/qcow2"},
		why:    "an overlay is read without a QEMU or a VM",
	},
	{
		from: []string{"vm/supervisor/client"},
		to:   []string{"vm/supervisor", "vm/qmp", "vm/nbd", "vm/image/...", "vm/seed"},
		why:  "the users of a running VM need none of the code that owns QEMU and its disk",
	},
	{
		from: []string{"app/doctor/..."},
		to:   []string{"vm/supervisor"},
		why:  "only the Service starts VMs; others use package client",
	},
	{
		from: []string{"snapshot/..."},
		to:   []string{"vm/..."},
		why:  "the engine knows files and readers, so that any disk can be its source",
	},
	{
		from: []string{"vm/...", "snapshot/..."},
		to:   []string{"app/..."},
		why:  "imports go down: the layers below must not know the use cases",
	},
	{
		from: []string{"vm/...", "snapshot/..."},
		to:   []string{"widgets/...", "assets/..."},
		why:  "code that runs and stores VMs draws nothing and embeds nothing",
	},
	{
		from: []string{"app"},
		to:   []string{"app/cli/...", "app/desktop/...", "widgets/...", "assets/..."},
		why:  "the Service knows no front end: window, tray and commands use it alike",
	},
	{
		from: []string{"app/doctor/..."},
		to:   []string{"app", "app/cli/...", "app/desktop/...", "app/hostcmd", "widgets/...", "assets/..."},
		why:  "checks report codes; the Service passes in the VMs, and front ends render the codes",
	},
	{
		from: []string{"app/hostcmd"},
		to:   []string{"app", "app/cli/...", "app/desktop/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		why:  "command lines for this machine's shell depend on fixes only, for every front end",
	},
	{
		from:   []string{"app/cli/..."},
		to:     []string{"app/desktop/...", "widgets/...", "assets/...", "vm/...", "snapshot/..."},
		except: []string{"widgets/screen", "snapshot/durable"},
		why:    "commands use the Service and, below it, only the rules of names and files; the screen model, which draws nothing, filters the output of guests",
	},
	{
		from:   []string{"app/desktop/..."},
		to:     []string{"app/cli/...", "assets/guest/...", "vm/...", "snapshot/..."},
		except: []string{"snapshot/durable"},
		why:    "the window uses the Service, widgets and icons and, below them, only the rules of names and files",
	},
	{
		from: []string{""},
		to:   []string{"app/desktop/window", "app/desktop/words"},
		why:  "a build without the window leaves it out where app/desktop imports it, in one file with a build tag",
	},
	{
		from: []string{"app/desktop/words"},
		to:   []string{"app/desktop", "app/desktop/window", "widgets/..."},
		why:  "texts are rendered from values; the window places them",
	},
	{
		from:   []string{"widgets/..."},
		to:     []string{"app/...", "assets/...", "vm/...", "snapshot/..."},
		except: []string{"snapshot/durable/guard"},
		why:    "widgets take plain values and callbacks; the window connects them",
	},
	{
		from:   []string{"assets/..."},
		to:     []string{"app/...", "widgets/...", "vm/...", "snapshot/..."},
		except: []string{"snapshot/durable"},
		why:    "embedded files do not depend on the code that uses them",
	},
	{
		from: []string{"", "app", "app/cli/...", "app/desktop/...", "vm/...", "snapshot/...", "widgets/...", "assets/..."},
		to:   []string{"app/torture/..."},
		why:  "tests that destroy data on purpose are not part of the program",
	},
	{
		from:   []string{""},
		to:     []string{"widgets/...", "vm/...", "snapshot/..."},
		except: []string{"vm/home"},
		why:    "main finds the store, picks a front end and hands it the Service; it does no other work",
	},
}

// mayDraw lists the packages that may depend on Fyne, directly or indirectly.
var mayDraw = []string{"", "app/desktop/...", "widgets", "widgets/console", "assets"}

// listedPackage is the output of go list for a package.
type listedPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
	CgoFiles   []string
}

// nameInside returns a package's name in the rules, which is its path inside the module. It
// reports false for packages of other modules.
func nameInside(importPath string) (string, bool) {
	if importPath == modulePath {
		return "", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

func matchesAny(patterns []string, name string) bool {
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

// forbiddenImports returns the imports that the rules forbid, one line each.
func forbiddenImports(pkgs []listedPackage) []string {
	var wrong []string
	for _, p := range pkgs {
		from, ours := nameInside(p.ImportPath)
		if !ours {
			continue
		}
		for _, imported := range p.Imports {
			to, ours := nameInside(imported)
			for _, r := range forbidden {
				if ours && matchesAny(r.from, from) && matchesAny(r.to, to) && !matchesAny(r.except, to) {
					wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, r.why))
				}
			}
		}
		if i := slices.IndexFunc(p.Deps, isFyne); i >= 0 && !matchesAny(mayDraw, from) {
			wrong = append(wrong, fmt.Sprintf("%s depends on %s: only app/desktop, widgets and assets draw", p.ImportPath, p.Deps[i]))
		}
	}
	return wrong
}

// forbiddenInPureBuild returns the packages that a build without the window must not contain.
func forbiddenInPureBuild(pkgs []listedPackage) []string {
	var wrong []string
	for _, p := range pkgs {
		if isFyne(p.ImportPath) {
			wrong = append(wrong, p.ImportPath+" is linked: vmt must start without display libraries")
		}
		if !p.Standard && len(p.CgoFiles) > 0 {
			wrong = append(wrong, p.ImportPath+" needs cgo: vmt is pure Go")
		}
	}
	return wrong
}

func goList(t *testing.T, env []string, args ...string) []listedPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Standard,Imports,Deps,CgoFiles"}, args...)...)
	cmd.Dir = moduleRoot
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	var pkgs []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func TestImportsFollowRules(t *testing.T) {
	builds := []struct {
		name string
		env  []string
		args []string
	}{
		{"window", []string{"CGO_ENABLED=1"}, []string{"./..."}},
		{"commands", []string{"CGO_ENABLED=0"}, []string{"-tags", "nogui", ".", "./vm/...", "./snapshot/..."}},
		{"commands on macOS", []string{"CGO_ENABLED=0", "GOOS=darwin"}, []string{"-tags", "nogui", ".", "./vm/...", "./snapshot/..."}},
	}
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) {
			pkgs := goList(t, b.env, b.args...)
			for _, wrong := range forbiddenImports(pkgs) {
				t.Error(wrong)
			}
			if b.name == "window" {
				checkPatternsMatch(t, pkgs)
			}
		})
	}
}

// checkPatternsMatch fails if a rule names a package that does not exist, for example because
// it was renamed.
func checkPatternsMatch(t *testing.T, pkgs []listedPackage) {
	t.Helper()
	patterns := slices.Clone(mayDraw)
	for _, r := range forbidden {
		patterns = append(patterns, slices.Concat(r.from, r.to, r.except)...)
	}
	slices.Sort(patterns)
	for _, pattern := range slices.Compact(patterns) {
		if !slices.ContainsFunc(pkgs, func(p listedPackage) bool {
			n, ours := nameInside(p.ImportPath)
			return ours && matchesAny([]string{pattern}, n)
		}) {
			t.Errorf("a rule names the package %q, which does not exist", pattern)
		}
	}
}

func TestPureBuildHasNoWindow(t *testing.T) {
	// Enable cgo, because otherwise go list would ignore the files that need it.
	for _, wrong := range forbiddenInPureBuild(goList(t, []string{"CGO_ENABLED=1"}, "-tags", "nogui", ".")) {
		t.Error(wrong)
	}
}

func TestImportRules(t *testing.T) {
	full := func(n string) string {
		return strings.TrimSuffix(modulePath+"/"+strings.TrimSuffix(n, "/..."), "/")
	}
	for _, r := range forbidden {
		for _, from := range r.from {
			for _, to := range r.to {
				bad := listedPackage{ImportPath: full(from), Imports: []string{"fmt", full(to)}}
				if len(forbiddenImports([]listedPackage{bad})) == 0 {
					t.Errorf("%q importing %q: got no error, want one", from, to)
				}
			}
			for _, to := range r.except {
				good := listedPackage{ImportPath: full(from), Imports: []string{full(to)}}
				if wrong := forbiddenImports([]listedPackage{good}); len(wrong) > 0 {
					t.Errorf("allowed import: got error %v, want none", wrong)
				}
			}
		}
	}
	for _, n := range []string{"vm/qemu", "snapshot", "app", "app/cli", "snapshot/durable", "widgets/screen", "assets/guest"} {
		if len(forbiddenImports([]listedPackage{{ImportPath: full(n), Deps: []string{"fmt", fynePath + "/canvas"}}})) == 0 {
			t.Errorf("%s depending on Fyne: got no error, want one", n)
		}
	}
	if wrong := forbiddenImports([]listedPackage{{ImportPath: full("widgets"), Deps: []string{fynePath}}}); len(wrong) > 0 {
		t.Errorf("widgets depending on Fyne: got error %v, want none", wrong)
	}
	if wrong := forbiddenInPureBuild([]listedPackage{
		{ImportPath: "github.com/fyne-io/terminal"},
		{ImportPath: "example.org/c", CgoFiles: []string{"c.go"}},
		{ImportPath: "net", Standard: true, CgoFiles: []string{"cgo_linux.go"}},
	}); len(wrong) != 2 {
		t.Errorf("got errors %q, want one about Fyne and one about cgo", wrong)
	}
}
