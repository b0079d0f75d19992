package words

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"vmterminal/app/problem"
)

// tableTexts returns the texts that are in tables.
func tableTexts() []string {
	return slices.Concat(
		slices.Collect(maps.Values(operationTexts)), slices.Collect(maps.Values(stateTexts)),
		slices.Collect(maps.Values(hintTexts)), slices.Collect(maps.Values(causeTexts)), slices.Collect(maps.Values(noteTexts)), slices.Collect(maps.Values(activityTexts)),
		slices.Collect(maps.Values(findingTexts)), slices.Collect(maps.Values(slowTexts)), slices.Collect(maps.Values(fixTexts)),
		[]string{neededSpaceText, damagedAtText, unknownText, canceledText, workingText, workingOnText, vmBusyText, imageBusyText, unstoppedText, busyText},
	)
}

func TestProblemTextsAreComplete(t *testing.T) {
	values := problem.Operation{VM: "v", Snapshot: "s", Image: "i", Name: "n", File: "f", Key: "k", Value: "w"}
	for _, code := range problem.Operations {
		values.Code = code
		got := EnglishProblem(problem.Problem{Operation: values}).Title
		if !strings.HasPrefix(got, "Could not ") || strings.Contains(got, "{{") {
			t.Errorf("%s: got %q, want a complete title", code, got)
		}
	}
	for _, code := range problem.States() {
		got := EnglishProblem(problem.Problem{Disk: []problem.State{{Code: code, Detail: "d", Count: 2, Bytes: 5}}}).Disk
		if !strings.HasSuffix(got, ".") || strings.Contains(got, "{{") {
			t.Errorf("%s: got %q, want a complete sentence", code, got)
		}
	}
	for _, code := range problem.Notes() {
		if noteTexts[code] == "" {
			t.Errorf("%s has no text", code)
		}
	}
	for code, text := range causeTexts {
		if !slices.Contains(problem.Codes(), code) || pathCauses[code] != strings.HasPrefix(text, "{{.Path}}: ") {
			t.Errorf("%s: got cause %q, want a code that exists, and a path if it needs one", code, text)
		}
	}
	for _, c := range []struct {
		p    problem.Problem
		want string
	}{
		{problem.Problem{Code: problem.PermissionDenied, Cause: "open /d: permission denied", Args: problem.Args{Path: "/{{.d}}"}}, "/{{.d}}: permission denied"},
		{problem.Problem{Code: problem.PermissionDenied, Cause: "permission denied"}, "permission denied"},
		{problem.Problem{Code: problem.NoSpace, Cause: "x", Args: problem.Args{Path: "/d", Needed: 3 << 30, Free: 5 << 20}}, "not enough free space in /d: about 3.0 GiB needed, 5.0 MiB free"},
		{problem.Problem{Code: problem.NoSpace, Cause: "x", Args: problem.Args{Path: "/d"}}, "/d: no space left"},
		{problem.Problem{Code: problem.JSONDamaged, Cause: "x", Args: problem.Args{Path: "/d", Line: 3}}, "/d cannot be read: line 3 is damaged"},
		{problem.Problem{Code: problem.TimedOut, Cause: "read unix: i/o timeout"}, "there was no response in time"},
		{problem.Problem{Code: problem.SnapshotDamaged, Cause: "x", Args: problem.Args{DamagedMiB: 4}}, "the snapshot's file is damaged, first in MiB 4 of the disk"},
		{problem.Problem{Code: problem.SnapshotDamaged, Cause: "damaged: why"}, "damaged: why"},
		{problem.Problem{Code: problem.WrongState, Cause: "why"}, "why"},
	} {
		if got := Problem(c.p).Detail; got != c.want {
			t.Errorf("%+v: got cause %q, want %q", c.p, got, c.want)
		}
		if got := EnglishProblem(c.p).Detail; got != c.p.Cause {
			t.Errorf("%+v: got %q in a report, want the error unchanged", c.p, got)
		}
	}
	for code, text := range hintTexts {
		if !slices.Contains(problem.Codes(), code) || !strings.HasSuffix(text, ".") && code != problem.ToolMissing {
			t.Errorf("%s: got %q, want a sentence for a code that exists", code, text)
		}
	}
	for _, p := range []problem.Problem{
		{Code: "newer_code", Operation: problem.Operation{Code: "newer_operation", VM: "v"}, Disk: []problem.State{{Code: "newer_state"}}, Cause: "why"},
		{Cause: "why"},
	} {
		if got, want := Problem(p).Line(), "Something went wrong: why"; got != want {
			t.Errorf("%v: got %q, want %q", p, got, want)
		}
	}
}
