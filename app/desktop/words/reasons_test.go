package words

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/problem"
)

// reasonTexts returns the texts of all codes that this version knows, by kind and code.
func reasonTexts() map[string]string {
	all := map[string]string{}
	for _, c := range app.ExitCodes {
		r := app.ExitReason{Code: c, Grace: 90 * time.Second, Signal: "killed"}
		all["exit/"+string(c)] = ExitReason(r)
		r.NoSupervisor = true
		all["exit without a supervisor/"+string(c)] = ExitReason(r)
	}
	all["exit/status"] = ExitReason(app.ExitReason{Code: app.ExitQEMUCrashed, ExitStatus: 7})
	for _, c := range app.PauseCodes {
		all["pause/"+string(c)] = pauseReason(app.PauseReason{Code: c})
	}
	for _, c := range app.FillCodes {
		all["fill/"+string(c)] = FillProblem(app.FillProblem{Code: c, Detail: "chunk 7"})
	}
	for _, c := range app.ReplacedDiskCodes {
		all["replaced disk/"+string(c)] = replacedDisk(app.ReplacedDisk{Code: c, Path: "/disk", Detail: "no space"})
	}
	all["replaced disk/running"] = Trouble(app.VM{DiskReplaced: true})
	for _, c := range app.UnreachableCodes {
		all["unreachable/"+string(c)] = Trouble(app.VM{Unreachable: c, Problem: problem.Problem{Cause: string(c)}})
	}
	for _, c := range app.ShareCodes {
		all["share/"+string(c)] = ShareProblem(app.ShareProblem{Code: c, Detail: "no 9p"})
	}
	for _, c := range app.StopCodes {
		all["stop/"+string(c)] = StopStep(app.StopStep{Code: c, Grace: 90 * time.Second, Path: "/disk"})
	}
	return all
}

// unknownTexts returns the texts of a code that only a later version knows.
func unknownTexts() map[string]string {
	const code = "from_the_future"
	return map[string]string{
		"exit":          ExitReason(app.ExitReason{Code: code}),
		"pause":         Trouble(app.VM{State: app.Paused, PauseReason: app.PauseReason{Code: code}}),
		"fill":          FillProblem(app.FillProblem{Code: code}),
		"replaced disk": replacedDisk(app.ReplacedDisk{Code: code}),
		"share":         ShareProblem(app.ShareProblem{Code: code}),
		"stop":          StopStep(app.StopStep{Code: code}),
	}
}

const (
	unknownGerman = "unbekannter Grund (from_the_future)"
	reasonPrefix  = "reason: "
)

func TestEveryReasonIsRenderedInBothLanguages(t *testing.T) {
	if os.Getenv(envPrintTexts) != "" {
		if err := AddTranslations(); err != nil {
			t.Fatal(err)
		}
		for name, text := range reasonTexts() {
			t.Log(reasonPrefix + name + ": " + text)
		}
		for name, text := range unknownTexts() {
			t.Log(reasonPrefix + "unknown " + name + ": " + text)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestEveryReasonIsRenderedInBothLanguages$", "-test.v")
	cmd.Env = append(os.Environ(), envPrintTexts+"=1", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8", "LANGUAGE=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	german := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if _, rest, ok := strings.Cut(line, reasonPrefix); ok {
			name, text, _ := strings.Cut(strings.TrimSpace(rest), ": ")
			german[name] = text
		}
	}
	for name, english := range reasonTexts() {
		_, code, _ := strings.Cut(name, "/")
		switch to := german[name]; {
		case english == "" || english == lang.L("Stopping…") || english == code || strings.Contains(english, "("+code+")"):
			t.Errorf("%s: got the English default %q, want a specific text", name, english)
		case to == "" || to == english || strings.Contains(to, "("+code+")"):
			t.Errorf("%s: got %q in German, want a translation of %q", name, to, english)
		case strings.Contains(english+to, "<no value>"):
			t.Errorf("%s: a value is missing in %q or %q", name, english, to)
		}
	}
	for name, english := range unknownTexts() {
		want, to := "unknown reason (from_the_future)", unknownGerman
		if name == "stop" {
			want, to = "Stopping…", "Stoppt…"
		}
		if !strings.Contains(english, want) {
			t.Errorf("unknown %s: got %q, want %q in it", name, english, want)
		}
		if got := german["unknown "+name]; !strings.Contains(got, to) {
			t.Errorf("unknown %s: got %q in German, want %q in it", name, got, to)
		}
	}
}

func TestReasonsOfEarlierVersionsAreShownVerbatim(t *testing.T) {
	for name, c := range map[string]struct{ got, want string }{
		"exit": {
			LastExit(app.VM{ExitReason: app.ExitReason{Text: "QEMU died: signal: killed"}}, time.Now()),
			"Last exit: QEMU died: signal: killed",
		},
		"pause": {
			Trouble(app.VM{State: app.Paused, PauseReason: app.PauseReason{Text: "the accelerator failed"}}),
			"the accelerator failed",
		},
		"share": {ShareProblem(app.ShareProblem{Detail: "no 9p"}), "no 9p"},
		"stop":  {StopStep(app.StopStep{Text: "cutting the power"}), "cutting the power"},
		"none":  {LastExit(app.VM{}, time.Now()) + Trouble(app.VM{}) + ShareProblem(app.ShareProblem{}), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}
