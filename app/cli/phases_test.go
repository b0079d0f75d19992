package cli

import (
	"strings"
	"testing"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/snapshot/durable"
)

func TestEveryPhaseHasAText(t *testing.T) {
	unknown := phaseText(job.Phase{Code: "of-a-newer-version"})
	if unknown == "" {
		t.Error("got no text for an unknown phase")
	}
	for _, code := range job.Codes() {
		if got := phaseText(job.Phase{Code: code}); got == "" || got == unknown {
			t.Errorf("phase %s: got %q, want its own text", code, got)
		}
	}
	if len(phaseTexts) != len(job.Codes())-1 { // phaseText composes the text of WaitForProcess
		t.Errorf("got %d texts, want %d", len(phaseTexts), len(job.Codes())-1)
	}
}

func TestPhaseText(t *testing.T) {
	for _, c := range []struct {
		phase job.Phase
		want  string
	}{
		{job.Phase{}, ""},
		{job.Phase{Code: job.Compress}, "Compressing"},
		{job.Phase{Code: job.WaitForProcess, Holder: durable.Holder{PID: 7, Activity: durable.Activity{Code: "image_get", Name: "x\x1b[2J"}}}, "Waiting: process 7 is getting the image 'x?[2J'"},
		{job.Phase{Code: job.WaitForProcess, Holder: durable.Holder{PID: 7, Activity: durable.Activity{Name: "downloading\x1b[2J"}}}, "Waiting: process 7 is downloading?[2J"},
		{job.Phase{Code: job.WaitForProcess}, "Waiting: locked by another process"},
	} {
		if got := phaseText(c.phase); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.phase, got, c.want)
		}
	}
}

func TestEveryActivityHasAText(t *testing.T) {
	for _, code := range app.Activities() {
		if got := activityText(durable.Activity{Code: code, Name: "x"}); got == "" || strings.HasPrefix(got, "working") {
			t.Errorf("activity %s: got %q, want its own text", code, got)
		}
	}
	if got, want := len(activityTexts), len(app.Activities()); got != want {
		t.Errorf("got %d texts, want %d", got, want)
	}
	for activity, want := range map[durable.Activity]string{
		{Code: "of_a_newer_version"}:                    "working",
		{Code: "of_a_newer_version", Name: "x"}:         "working on 'x'",
		{Name: "a phrase of an earlier version\x1b[2J"}: "a phrase of an earlier version?[2J",
		{}: "",
	} {
		if got := activityText(activity); got != want {
			t.Errorf("%v: got %q, want %q", activity, got, want)
		}
	}
}
