//go:build !nogui

package desktop

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vmterminal/app"
)

// Errors with names that look like templates and formats are said in German, with
// the names as they are; what goes into a report is in English.
func TestErrorsInGerman(t *testing.T) {
	if os.Getenv(envSpeak) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestErrorsInGerman$", "-test.v")
		cmd.Env = append(os.Environ(), envSpeak+"=1", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8", "LANGUAGE=")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestErrorsInGerman/") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := translate(); err != nil {
		t.Fatal(err)
	}
	t.Run("dialog", func(t *testing.T) { germanDialog(t, "{{.A}} {{.X}}", "%s %d {{") })
	t.Run("job", germanJob)
	t.Run("snapshots", germanSnapshots)
	t.Run("past", germanPast)
	t.Run("unknown", germanUnknown)
}

func germanDialog(t *testing.T, name, why string) {
	d := open(t, stopped("dev"))
	d.fail(&app.Failure{
		Doing: app.Phrase{Format: "restore snapshot '%s' of VM '%s'", Args: []string{name, why}},
		Disk:  "The disk is unchanged.",
		Also:  app.Phrase{Format: "The VM is off: %s.", Args: []string{why}},
		Err:   app.ErrRunning,
	})
	for _, want := range []string{
		"Schnappschuss '" + name + "' von VM '" + why + "' ließ sich nicht wiederherstellen",
		"VM is running",
		"Die Platte ist unverändert. Die VM ist aus: " + why + ".",
		"Die VM vorher stoppen: vmterminal stop",
	} {
		if !slices.Contains(d.sheetTexts(), want) {
			t.Errorf("not said: %q, but %q", want, d.sheetTexts())
		}
	}
	d.press("Einzelheiten kopieren")
	want := "Could not restore snapshot '" + name + "' of VM '" + why + "': VM is running. " +
		"The disk is unchanged. The VM is off: " + why + ". Stop it first: vmterminal stop"
	if got := d.app.Clipboard().Content(); got != want {
		t.Errorf("copied: %q", got)
	}
}

func germanJob(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.failNext("job", &app.Failure{
		Doing: app.Phrase{Format: "verify snapshot '%s' of VM '%s'", Args: []string{"one", "dev"}}, Err: errors.New("torn"),
	})
	d := open(t, svc)
	d.until("the snapshot", func() bool { return len(d.last.snapshots) == 1 })
	d.restoreSnapshot("dev", "one", app.RestoreOptions{})
	d.until("the job's end", d.jobEnded)
	if got, want := d.parts.jobBar.Items()[0].Phase, "Schnappschuss 'one' von VM 'dev' ließ sich nicht prüfen: torn"; got != want {
		t.Errorf("the row says %q", got)
	}
}

func germanSnapshots(t *testing.T) {
	d := open(t, stopped("dev"))
	d.last.snapErr = &app.Failure{
		Doing: app.Phrase{Format: "list the snapshots of VM '%s'", Args: []string{"dev"}}, Err: errors.New("torn"),
	}
	d.drawSnapshots()
	sees(t, texts(d.win.Content()), "Die Schnappschüsse von VM 'dev' ließen sich nicht auflisten")
}

// germanPast are jobs and automatic snapshots that failed before the window was open.
func germanPast(t *testing.T) {
	why := &app.Told{
		Doing:  app.Phrase{Format: "verify snapshot '%s' of VM '%s'", Args: []string{"one", "dev"}},
		Left:   []app.Phrase{{Format: "One was left out."}, {Format: "The disk is unchanged."}},
		Detail: "torn",
	}
	const want = "Schnappschuss 'one' von VM 'dev' ließ sich nicht prüfen: torn. Einer wurde ausgelassen. Die Platte ist unverändert."
	svc := stopped("dev")
	svc.history = []app.EndedJob{
		{Kind: app.JobVerify, VM: "dev", Outcome: app.JobFailed, Error: "it is torn", Why: why},
		{Kind: app.JobVerify, VM: "dev", Outcome: app.JobFailed, Error: "old and English"},
	}
	svc.vms[0].Automatic = app.AutomaticState{
		Automatic: app.Automatic{Every: time.Hour, Keep: 1}, Failure: "it is torn", Why: why, FailedAt: time.Now(),
	}
	d := open(t, svc)
	d.until("the banner", func() bool { return strings.Contains(strings.Join(texts(d.win.Content()), "\n"), want) })
	d.askJobHistory()
	d.until("the history", func() bool { return slices.Contains(d.sheetTexts(), want) })
	if !slices.Contains(d.sheetTexts(), "old and English") {
		t.Errorf("%q", d.sheetTexts())
	}
}

// germanUnknown are errors that nobody translated: they stay in English, and whole.
func germanUnknown(t *testing.T) {
	for want, err := range map[string]error{
		"Es hat nicht geklappt: no idea": errors.New("no idea"),
		"Could not stir 'a {{.B}}' of the active VM: no idea. It is 5% {{.B}}.": &app.Failure{
			Doing: app.Phrase{Format: "stir '%s' of the active VM", Args: []string{"a {{.B}}"}},
			Disk:  "It is 5% {{.B}}.", Err: errors.New("no idea"),
		},
	} {
		if got := textProblem(app.Explain(err)).Line(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
