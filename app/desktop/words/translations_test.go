package words

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
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

// sourceTexts returns the texts that the window and this package pass to Fyne's lang package.
func sourceTexts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*/*.go")
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
			translation, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || identName(translation.X) != "lang" || !slices.Contains([]string{"L", "N", "X"}, translation.Sel.Name) {
				return true
			}
			text, ok := call.Args[0].(*ast.BasicLit)
			if !ok && filepath.Base(name) == "problems.go" {
				return true // tableTexts returns these texts
			}
			if !ok {
				t.Errorf("%s: a text that is not a literal cannot be translated", name)
				return true
			}
			value, err := strconv.Unquote(text.Value)
			if err != nil {
				t.Errorf("%s: %s: %v", name, text.Value, err)
			}
			found = append(found, value)
			return true
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func identName(x ast.Expr) string {
	if name, ok := x.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

var placeholderPattern = regexp.MustCompile(`\{\{\.\w+\}\}`)

// placeholders returns the placeholders of a text.
func placeholders(text string) []string {
	found := placeholderPattern.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

func TestTranslationsAreComplete(t *testing.T) {
	texts := slices.Concat(sourceTexts(t), tableTexts())
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
				continue // en.json contains only texts with plural forms
			}
			for _, to := range pluralForms(all[text]) {
				if to == "" {
					t.Errorf("%s: no translation of %q", f.Name(), text)
				} else if want := placeholders(text); !slices.Equal(want, placeholders(to)) {
					t.Errorf("%s: %q has placeholders %q, but its translation %q has %q", f.Name(), text, want, to, placeholders(to))
				}
			}
			delete(all, text)
		}
		for text := range all {
			t.Errorf("%s: translation of unused text %q", f.Name(), text)
		}
	}
}

// pluralForms returns the plural forms of a translation, or its only form.
func pluralForms(translation any) []string {
	switch translation := translation.(type) {
	case string:
		return []string{translation}
	case map[string]any:
		var list []string
		for _, form := range translation {
			text, _ := form.(string)
			list = append(list, text)
		}
		return list
	default:
		return []string{""}
	}
}

// envPrintTexts makes the test binary print texts in the language of its locale.
const envPrintTexts = "VMTERMINAL_TEST_SPEAK"

func TestLanguageOfLocale(t *testing.T) {
	if os.Getenv(envPrintTexts) != "" {
		if err := AddTranslations(); err != nil {
			t.Fatal(err)
		}
		t.Logf("spoken: %s, %s, %s, %s; %s; %s", lang.L("Start"), lang.N("{{.N}} snapshots", 1, Values{"N": 1}), lang.N("{{.N}} snapshots", 3, Values{"N": 3}),
			lang.L("no snapshot yet"), ExitReason(app.ExitReason{Code: app.ExitStopped}), LastExit(app.VM{ExitReason: app.ExitReason{Text: "vanished"}}, time.Now()))
		return
	}
	for locale, want := range map[string]string{
		"de_DE.UTF-8": "spoken: Starten, 1 Schnappschuss, 3 Schnappschüsse, noch kein Schnappschuss; auf Wunsch gestoppt; Zuletzt beendet: vanished",
		"en_GB.UTF-8": "spoken: Start, 1 snapshot, 3 snapshots, no snapshot yet; stopped on request; Last exit: vanished",
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLanguageOfLocale$", "-test.v")
		cmd.Env = append(os.Environ(), envPrintTexts+"=1", "LANG="+locale, "LC_ALL="+locale, "LANGUAGE=")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: got error %v, output %s", locale, err, out)
		}
	}
}
