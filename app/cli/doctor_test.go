package cli

import (
	"errors"
	"strings"
	"testing"

	"vmterminal/app/doctor"
	"vmterminal/app/doctor/doctortest"
	"vmterminal/app/problem"
)

func TestEveryFindingHasText(t *testing.T) {
	for _, f := range doctortest.Findings(t) {
		got := findingText(f)
		if got == "" || got == unknownText(f) || strings.Contains(got, "{") {
			t.Errorf("%s: got %q, want its own text", f.Code, got)
		}
	}
}

func TestEveryFixHasText(t *testing.T) {
	for _, f := range doctortest.Fixes(t) {
		got := fixText(f)
		if got == "" || got == codeWords(string(f.Action)) || strings.Contains(got, "%!") {
			t.Errorf("%s: got %q, want its own text", f.Action, got)
		}
	}
}

func TestUnknownFindingIsDescribed(t *testing.T) {
	got := describeFinding(doctor.Finding{
		Subject: "new_part", Status: doctor.Note, Code: "new_code", Args: doctor.Args{Path: "/path", Err: errors.New("cause")},
		Fixes: []doctor.Fix{{Action: "new_action"}},
	})
	if got.Name != "new part" || got.Found != "new code: /path: cause" || got.Fix != "new action" {
		t.Errorf("got %+v, want the codes as words, and the path and cause", got)
	}
}

func TestFixesAreJoined(t *testing.T) {
	for _, c := range []struct {
		fixes []doctor.Fix
		want  string
	}{
		{nil, ""},
		{[]doctor.Fix{{Action: doctor.ChangeMode, Path: "/a b", Mode: 0o700}}, "chmod 0700 '/a b'"},
		{
			[]doctor.Fix{{Action: doctor.AdoptVM, Name: "old"}, {Action: doctor.RemoveFolder, Path: "/data/old"}},
			"vmterminal vm create old --reuse-data; or to delete it: rm -r /data/old",
		},
		{
			[]doctor.Fix{{Action: doctor.AwaitRename}, {Action: doctor.InspectAttributes, Path: "/data/dev"}},
			"no action is needed: the next job on that VM renames it; if that job reports a failure: lsattr -d /data/dev/disk.*",
		},
	} {
		if got := fixesText(doctor.Finding{Fixes: c.fixes}); got != c.want {
			t.Errorf("%v: got %q, want %q", c.fixes, got, c.want)
		}
	}
}

func TestFailedChecksAreNamed(t *testing.T) {
	p := explain(checksFailed{"QEMU", "store"})
	if got, want := p.line(), "Checks failed: QEMU, store"; got != want || p.Exit != problem.ExitFailure {
		t.Errorf("got %q and exit code %d, want %q and %d", got, p.Exit, want, problem.ExitFailure)
	}
}

func TestFreeText(t *testing.T) {
	for want, sizes := range map[string][2]int64{
		"65 GiB of 252 GiB free":  {70_222_715_289, 252 << 30},
		"3.0 MiB of 64 MiB free":  {3 << 20, 64 << 20},
		"512 MiB of 8.0 GiB free": {512 << 20, 8 << 30},
	} {
		if got := findingText(doctor.Finding{Code: doctor.SpaceEnough, Args: doctor.Args{Free: sizes[0], Total: sizes[1]}}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
