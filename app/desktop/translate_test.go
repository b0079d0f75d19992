//go:build !nogui

package desktop

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sourceTexts are the texts that the package's own code hands to lang.
func sourceTexts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			of, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || nameOf(of.X) != "lang" || !slices.Contains([]string{"L", "N", "X"}, of.Sel.Name) {
				return true
			}
			text, ok := call.Args[0].(*ast.BasicLit)
			if !ok && name == "text_errors.go" {
				return true // see errorTexts
			}
			if !ok {
				t.Errorf("%s: a text that is no literal cannot be translated", name)
				return true
			}
			if !strings.HasPrefix(name, "text") {
				t.Errorf("%s: texts stand in text*.go", name)
			}
			value, _ := strconv.Unquote(text.Value) // the parser has seen it
			found = append(found, value)
			return true
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func nameOf(x ast.Expr) string {
	if name, ok := x.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

var place = regexp.MustCompile(`\{\{\.\w+\}\}`)

// places are the values that a text has room for.
func places(text string) []string {
	found := place.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

func TestTranslationsAreWhole(t *testing.T) {
	texts := slices.Concat(sourceTexts(t), errorTexts(t))
	slices.Sort(texts)
	texts = slices.Compact(texts)
	files, err := translations.ReadDir("translations")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := translations.ReadFile("translations/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := json.Unmarshal(data, &all); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		for _, text := range texts {
			if f.Name() == "en.json" && all[text] == nil {
				continue // a text stands for itself; only plurals are there
			}
			for _, to := range forms(all[text]) {
				if to == "" {
					t.Errorf("%s has nothing for %q", f.Name(), text)
				} else if want := places(text); !slices.Equal(want, places(to)) {
					t.Errorf("%s: %q has places %q, %q has %q", f.Name(), text, want, to, places(to))
				}
			}
			delete(all, text)
		}
		for text := range all {
			t.Errorf("%s: no code shows %q any more", f.Name(), text)
		}
	}
}

// forms are a translation's plural forms, or the one that it has.
func forms(of any) []string {
	switch of := of.(type) {
	case string:
		return []string{of}
	case map[string]any:
		var list []string
		for _, form := range of {
			text, _ := form.(string)
			list = append(list, text)
		}
		return list
	default:
		return []string{""}
	}
}

// envSpeak makes the test binary tell some texts, in the language of its locale.
const envSpeak = "VMTERMINAL_TEST_SPEAK"

func TestLanguageOfTheLocale(t *testing.T) {
	if os.Getenv(envSpeak) != "" {
		if err := translate(); err != nil {
			t.Fatal(err)
		}
		t.Logf("spoken: %s, %s, %s, %s; %s; %s", textStart(), textSnapshotsCount(1), textSnapshotsCount(3),
			textWithoutSnapshot(), textLeft("stopped on request", "5"), textLeft("vanished", ""))
		return
	}
	for locale, want := range map[string]string{
		"de_DE.UTF-8": "spoken: Starten, 1 Schnappschuss, 3 Schnappschüsse, noch kein Schnappschuss; Sie endete 5: auf Wunsch gestoppt; Zuletzt beendet: vanished",
		"en_GB.UTF-8": "spoken: Start, 1 snapshot, 3 snapshots, no snapshot yet; It left 5: stopped on request; It last left: vanished",
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLanguageOfTheLocale$", "-test.v")
		cmd.Env = append(os.Environ(), envSpeak+"=1", "LANG="+locale, "LC_ALL="+locale, "LANGUAGE=")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s", locale, err, out)
		}
	}
}
