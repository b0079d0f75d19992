package cli

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"vmterminal/app/problem"
)

var unfilled = regexp.MustCompile(`\{[a-z]+\}`)

func TestProblemTextsAreComplete(t *testing.T) {
	for _, code := range problem.Operations {
		op := problem.Operation{Code: code, VM: "v", Snapshot: "s", Image: "i", Name: "n", File: "f", Key: "k", Value: "w"}
		got := render(problem.Problem{Operation: op}).Title
		if operationTexts[code] == "" || !strings.HasPrefix(got, "Could not ") || unfilled.MatchString(got) {
			t.Errorf("title of %s: got %q, want its own complete text", code, got)
		}
	}
	for _, code := range problem.States() {
		got := renderState(problem.State{Code: code, Detail: "d", Count: 2, Bytes: 5})
		if stateTexts[code] == "" || !strings.HasSuffix(got, ".") || unfilled.MatchString(got) {
			t.Errorf("text of state %s: got %q, want a complete sentence", code, got)
		}
	}
	for code := range hintTexts {
		if !slices.Contains(problem.Codes(), code) {
			t.Errorf("unknown code %q has a hint", code)
		}
	}
	for _, tool := range []string{"ssh", "OVMF", "qemu-img"} {
		got := render(problem.Problem{Code: problem.ToolMissing, Tools: []string{tool}}).Hint
		if !strings.HasPrefix(got, "Install it: ") || len(got) < len("Install it: apk add x") {
			t.Errorf("hint for %s: got %q, want how to install it", tool, got)
		}
	}
}

func TestRenderProblem(t *testing.T) {
	restore := problem.Operation{Code: problem.OpSnapshotRestore, VM: "{name}", Snapshot: "{vm}"}
	for _, test := range []struct {
		p    problem.Problem
		want string
	}{
		{
			problem.Problem{Code: problem.VMRunning, Operation: restore, Disk: []problem.State{{Code: problem.DiskUnchanged}}, Cause: "VM is running"},
			"Could not restore snapshot '{vm}' of VM '{name}': VM is running. The disk is unchanged. Stop it first: vmterminal stop",
		},
		{
			problem.Problem{Operation: problem.Operation{Code: problem.OpVMStart}, Disk: []problem.State{{Code: problem.DiskUnchanged}, {Code: problem.VMOff, Detail: "50%"}}, Cause: "no"},
			"Could not start the active VM: no. The disk is unchanged. The VM is off: 50%.",
		},
		{
			problem.Problem{Code: problem.WrongState, Operation: problem.Operation{Code: problem.OpJobCancel, VM: "dev"}, Holder: problem.Holder{PID: 7, Activity: "snapshot_create", Name: "x"}},
			"Could not cancel the job of VM 'dev': the job did not stop in time: process 7 is taking snapshot 'x'",
		},
		{problem.Problem{Code: problem.Canceled}, "Something went wrong: canceled; no partial results were kept"},
		{
			problem.Problem{Code: "newer", Operation: problem.Operation{Code: "newer_operation", VM: "v"}, Disk: []problem.State{{Code: "newer_state"}}, Cause: "why"},
			"Could not complete newer_operation vm=v: why. newer_state.",
		},
	} {
		if got := strings.ReplaceAll(render(test.p).line(), ProgramName(), fullName); got != test.want {
			t.Errorf("%v: got %q, want %q", test.p, got, test.want)
		}
	}
}
