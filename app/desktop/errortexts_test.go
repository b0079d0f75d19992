//go:build !nogui

package desktop

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// errorReader gathers what errors of package app can say in the window: what was
// being done, what became of the disk, and the next step. What is not said by a
// literal, it cannot gather, and refuses.
type errorReader struct {
	t     *testing.T
	set   *token.FileSet
	found []string
}

func errorTexts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	r := &errorReader{t: t, set: token.NewFileSet()}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(r.set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, r.look)
	}
	return r.found
}

func (r *errorReader) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Recv != nil || n.Name.Name != "failed" // it hands on what it is given
	case *ast.CallExpr:
		switch nameOf(n.Fun) {
		case "failed":
			r.disk("disk", n.Args[1])
			r.phrase(n.Args[2], n.Args[3:])
		case "phrase":
			r.phrase(n.Args[0], n.Args[1:])
		}
	case *ast.AssignStmt:
		for i, value := range n.Rhs {
			r.value(n.Lhs[i], value)
		}
	case *ast.KeyValueExpr:
		r.value(n.Key, n.Value)
	case *ast.ValueSpec:
		for i, value := range n.Values {
			r.value(n.Names[i], value)
		}
	}
	return true
}

// value looks at what a name or a field is set to.
func (r *errorReader) value(what, value ast.Expr) {
	name := nameOf(what)
	if field, ok := what.(*ast.SelectorExpr); ok {
		name = field.Sel.Name
	}
	switch name {
	case "disk", "Disk", "now", "unchanged", "unsafely":
		r.disk(name, value)
	case "doing":
		if hasText(value) {
			r.wrong(value, "what is done is no phrase")
		}
	case "causes":
		for _, row := range value.(*ast.CompositeLit).Elts {
			r.disk("hint", row.(*ast.CompositeLit).Elts[2])
		}
	}
}

// disk is a sentence without values, or nothing.
func (r *errorReader) disk(name string, value ast.Expr) {
	text, ok := literal(value)
	switch {
	case !ok && hasText(value):
		r.wrong(value, name+" is composed")
	case text != "":
		r.found = append(r.found, text)
	}
}

// phrase is a format with its values. It is a sentence, or completes "Could not".
func (r *errorReader) phrase(of ast.Expr, args []ast.Expr) {
	format, ok := literal(of)
	switch {
	case !ok:
		r.wrong(of, "the format is no literal")
	case strings.Count(format, "%s") != len(args) || strings.Count(format, "%") != len(args):
		r.wrong(of, "the format has not one %s for each value")
	case format == "%s":
		if !isDoing(args[0]) {
			r.wrong(of, "all of it is a value")
		}
	case format == "VM '%s'" || format == "the active VM": // parts of others
	case unicode.IsUpper(rune(format[0])):
		r.found = append(r.found, phraseKey(spliced(format, args)))
	default:
		r.found = append(r.found, "Could not "+phraseKey(spliced(format, args)))
	}
}

func (r *errorReader) wrong(at ast.Node, what string) {
	r.t.Errorf("%s: %s, and cannot be translated", r.set.Position(at.Pos()), what)
}

// isDoing tells whether a value is a phrase of its own, by its name: doing, c.doing,
// doing(…) or action.doing(…).
func isDoing(x ast.Expr) bool {
	if call, ok := x.(*ast.CallExpr); ok {
		x = call.Fun
	}
	if field, ok := x.(*ast.SelectorExpr); ok {
		x = field.Sel
	}
	return nameOf(x) == "doing"
}

// spliced is a format with the name of a VM in the place of what stands for one.
// "The active VM" is never said in the window: it asks by name.
func spliced(format string, args []ast.Expr) string {
	for _, arg := range args {
		verb := "%v" // one that has been looked at
		call, isCall := arg.(*ast.CallExpr)
		if nameOf(arg) == "of" || isCall && nameOf(call.Fun) == "called" {
			verb = "VM '%v'"
		}
		format = strings.Replace(format, "%s", verb, 1)
	}
	return strings.ReplaceAll(format, "%v", "%s")
}

// hasText tells whether a text is, or goes into, what is computed.
func hasText(x ast.Expr) (has bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		return x.Kind == token.STRING
	case *ast.BinaryExpr:
		return hasText(x.X) || hasText(x.Y)
	case *ast.CallExpr:
		field, ok := x.Fun.(*ast.SelectorExpr)
		return ok && nameOf(field.X) == "fmt" && slices.ContainsFunc(x.Args, hasText)
	}
	return false
}

func literal(x ast.Expr) (string, bool) {
	lit, ok := x.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
