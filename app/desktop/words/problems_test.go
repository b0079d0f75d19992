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
		slices.Collect(maps.Values(hintTexts)), slices.Collect(maps.Values(noteTexts)), slices.Collect(maps.Values(activityTexts)),
		slices.Collect(maps.Values(findingTexts)), slices.Collect(maps.Values(slowTexts)), slices.Collect(maps.Values(fixTexts)),
		[]string{unknownText, canceledText, workingText, workingOnText, vmBusyText, imageBusyText, unstoppedText, busyText},
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
