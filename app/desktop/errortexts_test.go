//go:build !nogui

package desktop

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vmterminal/app"
)

// errorTexts are what errors of package app can say in the window: what was being
// done, in what state the disk is, and the next step.
func errorTexts(t *testing.T) (found []string) {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				found = append(found, textsOfCall(t, name, n)...)
			case *ast.CompositeLit: // a row of the table of causes
				if hint, ok := lastText(n); ok && len(n.Elts) == 3 && nameOf(n.Elts[1]) != "" && strings.HasPrefix(nameOf(n.Elts[1]), "Exit") {
					found = append(found, hint)
				}
			case *ast.AssignStmt:
				found = append(found, diskText(n.Lhs[0], n.Rhs[0])...)
			case *ast.KeyValueExpr:
				found = append(found, diskText(n.Key, n.Value)...)
			case *ast.ValueSpec:
				if len(n.Values) == 1 {
					found = append(found, diskText(n.Names[0], n.Values[0])...)
				}
			}
			return true
		})
	}
	return found
}

// diskText is a sentence about the disk that something is set to.
func diskText(what, value ast.Expr) []string {
	name := nameOf(what)
	if field, ok := what.(*ast.SelectorExpr); ok {
		name = field.Sel.Name
	}
	text, ok := literal(value)
	if !ok || !slices.Contains([]string{"disk", "Disk", "now", "unchanged"}, name) {
		return nil
	}
	return []string{text}
}

// textsOfCall are those of one call of failed or phrase.
func textsOfCall(t *testing.T, file string, call *ast.CallExpr) (found []string) {
	var args []ast.Expr
	switch nameOf(call.Fun) {
	case "failed":
		if len(call.Args) < 3 {
			return nil // another one
		}
		args = call.Args[2:]
		if disk, ok := literal(call.Args[1]); ok && disk != "" {
			found = append(found, disk)
		}
	case "phrase":
		args = call.Args
	default:
		return nil
	}
	format, ok := literal(args[0])
	switch {
	case !ok && filepath.Base(file) != "problem.go":
		t.Errorf("%s: what is said to fail is no literal, and cannot be translated", file)
	case !ok || format == "%s" || isPartOfPhrases(format):
	default:
		found = append(found, phraseKey(spliced(format, args[1:])))
	}
	return found
}

// isPartOfPhrases tells of the names of VMs, which are said in sentences only.
func isPartOfPhrases(format string) bool { return format == "VM '%s'" || format == "the active VM" }

// spliced is a format with the name of a VM in the place of what stands for one.
func spliced(format string, args []ast.Expr) string {
	pieces := strings.Split(format, "%s")
	var all strings.Builder
	all.WriteString(pieces[0])
	for i, piece := range pieces[1:] {
		verb := "%s"
		if i < len(args) {
			call, isCall := args[i].(*ast.CallExpr)
			if nameOf(args[i]) == "of" || isCall && nameOf(call.Fun) == "called" {
				verb = "VM '%s'"
			}
		}
		all.WriteString(verb + piece)
	}
	return all.String()
}

func literal(x ast.Expr) (string, bool) {
	lit, ok := x.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func lastText(row *ast.CompositeLit) (string, bool) {
	if len(row.Elts) == 0 {
		return "", false
	}
	text, ok := literal(row.Elts[len(row.Elts)-1])
	return text, ok && text != ""
}

// An error with values that look like templates and formats is said in German, and
// its values stay.
func TestErrorsInGerman(t *testing.T) {
	const name = "{{.A}} %s"
	if os.Getenv(envSpeak) != "" {
		if err := translate(); err != nil {
			t.Fatal(err)
		}
		p := textProblem(app.Explain(&app.Failure{
			Doing: app.Phrase{Format: "restore snapshot '%s' of VM '%s'", Args: []string{name, "dev"}},
			Disk:  "The disk is unchanged.", Err: app.ErrRunning,
		}))
		t.Logf("spoken: %s", p.Line())
		t.Logf("spoken: %s", textProblem(app.Explain(errors.New("no idea"))).Line())
		t.Logf("spoken: %s", textSentence("a {{.B}} that nobody wrote"))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestErrorsInGerman$", "-test.v")
	cmd.Env = append(os.Environ(), envSpeak+"=1", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8", "LANGUAGE=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v, %s", err, out)
	}
	for _, want := range []string{
		"spoken: Schnappschuss '" + name + "' von VM 'dev' ließ sich nicht wiederherstellen: VM is running. Die Platte ist unverändert. Sie vorher stoppen: vmterminal stop",
		"spoken: Es hat nicht geklappt: no idea",
		"spoken: a {{.B}} that nobody wrote",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("not said: %s\n%s", want, out)
		}
	}
}
