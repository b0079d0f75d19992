package words

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// TestGermanTexts runs itself in German.
func TestGermanTexts(t *testing.T) {
	if os.Getenv(envPrintTexts) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestGermanTexts$", "-test.v")
		cmd.Env = append(os.Environ(), envPrintTexts+"=1", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8", "LANGUAGE=")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestGermanTexts/") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := AddTranslations(); err != nil {
		t.Fatal(err)
	}
	t.Run("codes", germanCodes)
	t.Run("phases", germanPhases)
}

// germanPhases checks that no phase is shown in English.
func germanPhases(t *testing.T) {
	english := englishPhases()
	for _, code := range append(job.Codes(), "of-a-newer-version") {
		got := Phase(job.Phase{Code: code})
		if got == "" || slices.Contains(english, got) {
			t.Errorf("phase %s: got %q, want German", code, got)
		}
	}
	p := job.Phase{Code: job.WaitForProcess, Holder: durable.Holder{PID: 7, Activity: durable.Activity{Code: "snapshot_create", Name: "x"}}}
	if got, want := Phase(p), "Wartet auf Prozess 7: nimmt Schnappschuss 'x' auf"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// englishPhases returns the texts in the source of Phase.
func englishPhases() []string {
	source, err := os.ReadFile("phases.go")
	if err != nil {
		panic(err)
	}
	var texts []string
	for _, m := range regexp.MustCompile(`lang\.L\("([^"]+)"`).FindAllSubmatch(source, -1) {
		texts = append(texts, string(m[1]))
	}
	return texts
}

func TestEveryPhaseHasText(t *testing.T) {
	english, unknown := englishPhases(), Phase(job.Phase{Code: "of-a-newer-version"})
	if unknown == "" || len(english) < 20 {
		t.Fatalf("got %q for an unknown phase, and %d texts; want a text, and at least 20", unknown, len(english))
	}
	for _, code := range job.Codes() {
		if got := Phase(job.Phase{Code: code}); !slices.Contains(english, got) || got == unknown {
			t.Errorf("phase %s: got %q, want a specific text", code, got)
		}
	}
	if got := Phase(job.Phase{}); got != "" {
		t.Errorf("before the first phase: got %q, want none", got)
	}
	p := job.Phase{Code: job.WaitForProcess, Holder: durable.Holder{PID: 7, Activity: durable.Activity{Name: "downloading\x1b[2J"}}}
	if got, want := Phase(p), "Waiting: process 7 is downloading?[2J"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// germanCodes checks that all codes have a German text, and that an unknown code is shown
// with its cause.
func germanCodes(t *testing.T) {
	for _, code := range problem.Notes() {
		if got := Note(problem.Note{Code: code}); got == fillTemplate(noteTexts[code], noteValues(problem.Note{})) || strings.Contains(got, "{{") {
			t.Errorf("%s: got %q, want a German text", code, got)
		}
	}
	for _, code := range problem.Operations {
		p := problem.Problem{Operation: problem.Operation{Code: code}}
		if got := Problem(p).Title; got == EnglishProblem(p).Title || strings.Contains(got, "{{") {
			t.Errorf("%s: got %q, want a German text", code, got)
		}
	}
	for _, code := range problem.States() {
		p := problem.Problem{Disk: []problem.State{{Code: code}}}
		if got := Problem(p).Disk; got == EnglishProblem(p).Disk || strings.Contains(got, "{{") {
			t.Errorf("%s: got %q, want a German text", code, got)
		}
	}
	for _, code := range problem.Codes() {
		p := problem.Problem{Code: code}
		if got := Problem(p).Hint; got != "" && got == EnglishProblem(p).Hint {
			t.Errorf("%s: got %q, want a German text", code, got)
		}
	}
	for code, text := range causeTexts {
		for _, args := range []problem.Args{{Path: "/p", Line: 3}, {Path: "/p", Line: 3, Needed: 5}} {
			p := problem.Problem{Code: code, Cause: "English", Args: args}
			english := fillTemplate(text, Values{"Path": "/p", "Line": "3"})
			if got := Problem(p).Detail; got == "English" || got == english || strings.Contains(got, "{{") || strings.Contains(got, "needed") {
				t.Errorf("cause %s: got %q, want a German text", code, got)
			}
		}
	}
	for _, code := range app.SnapshotPurposes {
		for _, value := range []string{"", "x"} {
			got := Description(app.Snapshot{Purpose: app.SnapshotPurpose{Code: code, Value: value}})
			if !slices.ContainsFunc([]string{"Automatisch", "Vor dem", "Die Platte"}, func(start string) bool { return strings.HasPrefix(got, start) }) || strings.Contains(got, "{{") {
				t.Errorf("purpose %s %q: got %q, want a German text", code, value, got)
			}
		}
	}
	for _, code := range app.ImageNoteCodes {
		got := ImageNote(app.FoundImage{Name: "x", Note: app.ImageNote{Code: code}})
		if !strings.Contains(got, "Es gibt") && !strings.Contains(got, "angeboten") && !strings.Contains(got, "kann nicht") {
			t.Errorf("image note %s: got %q, want a German text", code, got)
		}
	}
	for _, code := range app.Activities() {
		activity := durable.Activity{Code: code, Name: "x"}
		if got := Activity(activity); got == activityText(fillTemplate, activity) || strings.Contains(got, "{{") || strings.HasPrefix(got, "arbeitet") {
			t.Errorf("%s: got %q, want a German text", code, got)
		}
	}
	if got, want := Activity(durable.Activity{Code: "of_a_newer_version", Name: "{{.B}}"}), "arbeitet an '{{.B}}'"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	busy := problem.Problem{Code: problem.VMBusy, Operation: problem.Operation{VM: "dev"}, Holder: problem.Holder{PID: 7, Activity: "vm_run"}}
	if got, want := Problem(busy).Detail, "VM 'dev' ist beschäftigt: Prozess 7 führt die VM aus"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	busy.Holder.Activity = "" // a lock file without an activity
	if got, want := Problem(busy).Detail, "VM 'dev' ist beschäftigt: Prozess 7 arbeitet"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p := problem.Problem{Code: "newer", Operation: problem.Operation{Code: "newer", VM: "{{.B}}"}, Cause: "no idea"}
	if got, want := Problem(p).Line(), "Etwas ist schiefgegangen: no idea"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Problem(problem.Problem{Code: problem.Canceled}).Line(), "Etwas ist schiefgegangen: abgebrochen; unfertige Daten wurden entfernt"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
