// Package doctortest provides samples of all findings and fixes, so that front ends can test
// that they have a text for every code.
package doctortest

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// Findings returns a finding for each code of package doctor, with all arguments set. The
// calling test must be in a folder next to the folder of package doctor, whose source files are
// parsed.
func Findings(t testing.TB) []doctor.Finding {
	t.Helper()
	var all []doctor.Finding
	for _, code := range constants(t, "finding.go", "Code") {
		all = append(all, doctor.Finding{
			Subject: doctor.SubjectStore, Status: doctor.Note, Code: doctor.Code(code),
			Args: doctor.Args{
				Path: "/path", Folder: "/folder", Version: "6.2", Minimum: "7.0", Accelerator: "tcg", VM: "dev", User: "me",
				Display: "X11 (:0)", Text: "text", Problem: problem.Problem{Cause: "text"}, Tools: []doctor.Tool{doctor.QEMU}, Features: []durable.Feature{durable.HardLinks},
				Mode: 0o755, Count: 2, Size: 1 << 20, Free: 1 << 30, Total: 2 << 30, Err: errors.New("cause"),
			},
		})
	}
	return all
}

// Fixes returns a fix for each action of package doctor, with all arguments set; see Findings.
func Fixes(t testing.TB) []doctor.Fix {
	t.Helper()
	var all []doctor.Fix
	for _, action := range constants(t, "fix.go", "Action") {
		all = append(all, doctor.Fix{
			Action: doctor.Action(action), Tools: []doctor.Tool{doctor.QEMU}, Path: "/path", Target: "/target",
			Name: "name", User: "me", UID: 1000, Mode: 0o700,
		})
	}
	return all
}

// Tools returns all tools of package doctor; see Findings.
func Tools(t testing.TB) []doctor.Tool {
	t.Helper()
	var all []doctor.Tool
	for _, tool := range constants(t, "fix.go", "Tool") {
		all = append(all, doctor.Tool(tool))
	}
	return all
}

// constants returns the values of the string constants of a type in a file of package
// doctor.
func constants(t testing.TB, file, typeName string) []string {
	t.Helper()
	source, err := parser.ParseFile(token.NewFileSet(), "../doctor/"+file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(source, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == typeName {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return false
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constants of type %s", file, typeName)
	}
	return values
}
