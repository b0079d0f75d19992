package window

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/app/problem"
)

// envTestLanguage makes the test binary run a test in the language of its locale.
const envTestLanguage = "VMTERMINAL_TEST_SPEAK"

// Errors are shown in German, with names inserted verbatim even if they look like templates
// or formats. Reports are in English.
func TestErrorsInGerman(t *testing.T) {
	if os.Getenv(envTestLanguage) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestErrorsInGerman$", "-test.v")
		cmd.Env = append(os.Environ(), envTestLanguage+"=1", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8", "LANGUAGE=")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestErrorsInGerman/") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := words.AddTranslations(); err != nil {
		t.Fatal(err)
	}
	t.Run("dialog", func(t *testing.T) { germanDialog(t, "{{.A}} {{.X}}", "%s %d {{") })
	t.Run("job", germanJob)
	t.Run("snapshots", germanSnapshots)
	t.Run("past", germanHistory)
	t.Run("note", germanNote)
}

func germanDialog(t *testing.T, name, why string) {
	d := open(t, stopped("dev"))
	d.modal.showError(&app.Failure{
		Operation: problem.Operation{Code: problem.OpSnapshotRestore, VM: why, Snapshot: name},
		Disk:      []problem.State{{Code: problem.DiskUnchanged}, {Code: problem.VMOff, Detail: why}},
		Err:       app.ErrRunning,
	})
	for _, want := range []string{
		"Schnappschuss '" + name + "' von VM '" + why + "' ließ sich nicht wiederherstellen",
		"die VM läuft",
		"Die Platte ist unverändert. Die VM ist aus: " + why + ".",
		"Die VM vorher stoppen.",
	} {
		if !slices.Contains(d.dialogTexts(), want) {
			t.Errorf("dialog: got %q, want %q in it", d.dialogTexts(), want)
		}
	}
	d.press("Einzelheiten kopieren")
	want := "Could not restore snapshot '" + name + "' of VM '" + why + "': VM is running. " +
		"The disk is unchanged. The VM is off: " + why + ". Stop the VM first."
	if got := d.app.Clipboard().Content(); got != want {
		t.Errorf("copied: got %q, want the problem in English", got)
	}
}

func germanJob(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.failNext("job", &app.Failure{
		Operation: problem.Operation{Code: problem.OpSnapshotVerify, VM: "dev", Snapshot: "one"}, Err: errors.New("torn"),
	})
	d := open(t, svc)
	d.until("the snapshot", func() bool { return len(d.last.snapshots) == 1 })
	d.snapshotDialogs.restoreSnapshot("dev", "one", app.RestoreOptions{})
	d.until("the end of the job", d.jobEnded)
	if got, want := d.jobBar.Items()[0].Phase, "Schnappschuss 'one' von VM 'dev' ließ sich nicht prüfen: torn"; got != want {
		t.Errorf("row: got %q, want the problem in German", got)
	}
}

func germanSnapshots(t *testing.T) {
	d := open(t, stopped("dev"))
	d.last.snapErr = &app.Failure{
		Operation: problem.Operation{Code: problem.OpSnapshotList, VM: "dev"}, Err: errors.New("torn"),
	}
	d.timeline.draw()
	requireText(t, texts(d.win.Content()), "Die Schnappschüsse von VM 'dev' ließen sich nicht auflisten")
}

// germanHistory tests jobs and automatic snapshots that failed before the window was open.
func germanHistory(t *testing.T) {
	why := &problem.Problem{
		Operation: problem.Operation{Code: problem.OpSnapshotVerify, VM: "dev", Snapshot: "one"},
		Disk:      []problem.State{{Code: problem.AutomaticSkipped}, {Code: problem.DiskUnchanged}},
		Cause:     "torn",
	}
	const want = "Schnappschuss 'one' von VM 'dev' ließ sich nicht prüfen: torn. Ein Schnappschuss wurde ausgelassen. Die Platte ist unverändert."
	svc := stopped("dev")
	svc.history = []app.EndedJob{
		{Kind: job.Verify, VM: "dev", Outcome: job.Failed, Problem: why},
		{Kind: job.Verify, VM: "dev", Outcome: job.Failed, Error: "old and English"},
	}
	svc.vms[0].Automatic = app.AutomaticState{
		Automatic: app.Automatic{Every: time.Hour, Keep: 1}, Failed: true, Problem: why, FailedAt: time.Now(),
	}
	d := open(t, svc)
	d.until("the banner", func() bool { return strings.Contains(strings.Join(texts(d.win.Content()), "\n"), want) })
	d.storage.askJobHistory()
	d.until("the history", func() bool { return slices.Contains(d.dialogTexts(), want) })
	if !slices.Contains(d.dialogTexts(), "old and English") {
		t.Errorf("dialog: got %q, want the stored English text in it", d.dialogTexts())
	}
}

func germanNote(t *testing.T) {
	d := open(t, stopped("dev"))
	d.svc.note(problem.Note{Code: problem.NoteStoreOtherOwner, Path: "/{{.B}}", User: "eve"})
	d.until("the note", func() bool { return d.noticeBar.banner.Visible() })
	requireText(t, texts(d.noticeBar.banner), "Der Speicherort /{{.B}} gehört eve, der darin alles ändern kann.")
}
