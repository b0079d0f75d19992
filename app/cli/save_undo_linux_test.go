package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/vm/home"
)

// undoAtRisk returns a Service with a VM 'dev'. Its undo disk, which contains "work", is not in
// any snapshot; another restore would delete it. The VM's disk contains "more work", and its
// snapshot 'right' contains "two".
func undoAtRisk(t *testing.T) (*app.Service, home.VMDir) {
	t.Helper()
	root := home.Dir(t.TempDir())
	svc := app.New(app.Options{Home: root, Guest: app.BuiltinGuest{
		WriteDisk: func(_ context.Context, f *os.File, size int64) error { return f.Truncate(size) },
	}})
	n, err := svc.DefaultVM(t.Context(), "dev")
	if err == nil {
		_, err = svc.CreateVM(t.Context(), n)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := root.VM("dev")
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(dir.Disk(), os.O_WRONLY|os.O_TRUNC, 0)
		if err == nil {
			_, err = f.WriteString(text)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	must(waitJob(svc.CreateSnapshot(t.Context(), "dev", app.NewSnapshot{Name: "wrong"})))
	write("two")
	must(waitJob(svc.CreateSnapshot(t.Context(), "dev", app.NewSnapshot{Name: "right"})))
	write("work")
	must(waitJob(svc.RestoreSnapshot(t.Context(), "dev", "wrong", app.RestoreOptions{})))
	write("more work")
	return svc, dir
}

// waitJob waits for a job and returns its error, or err if the job could not be started.
func waitJob[T any](j *job.Job[T], err error) error {
	if err == nil {
		err = j.Wait(context.Background())
	}
	return err
}

// typist types the next answer each time the question appears on a terminal. shown waits
// until the terminal is closed and returns its output.
func typist(keys *os.File, question string, answers ...string) (shown func() string) {
	var mu sync.Mutex
	var all string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		given := 0
		for {
			n, err := keys.Read(buf)
			if err != nil { // the terminal is closed
				return
			}
			mu.Lock()
			all += string(buf[:n])
			asked := strings.Count(all, question)
			mu.Unlock()
			if asked > given && given < len(answers) {
				_, _ = io.WriteString(keys, answers[given])
				given++
			}
		}
	}()
	return func() string {
		<-ended
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// TestRestoreAsksOnATerminal checks that restore asks on a terminal whether to save an undo
// disk that it would delete.
func TestRestoreAsksOnATerminal(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []string
		exit    int
		saved   bool
		disk    string
	}{
		{"yes", []string{"y\n"}, problem.ExitOK, true, "two"},
		{"return", []string{"\n"}, problem.ExitOK, true, "two"},
		{"no", []string{"N\n"}, problem.ExitOK, false, "two"},
		{"asked again", []string{"what?\n", "no\n"}, problem.ExitOK, false, "two"},
		{"end of input", []string{endOfInput}, problem.ExitFailure, false, "more work"},
	} {
		t.Run(test.name, func(t *testing.T) {
			svc, dir := undoAtRisk(t)
			keys, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer keys.Close()
			shown := typist(keys, "first? [Y/n]", test.answers...)
			exit := Run(svc, []string{"snapshot", "restore", "right"}, Streams{In: tty, Out: tty, Err: tty})
			tty.Close()
			text := shown()
			if exit != test.exit {
				t.Errorf("got exit code %d, want %d", exit, test.exit)
			}
			if asked := strings.Count(text, "first? [Y/n]"); asked != len(test.answers) {
				t.Errorf("got %d questions, want %d: %q", asked, len(test.answers), text)
			}
			if !strings.Contains(text, "The disk from before the restore of 'wrong'") || !strings.Contains(text, "is not in any snapshot") {
				t.Errorf("got %q, want the deletion of the undo disk announced", text)
			}
			if got, err := os.ReadFile(dir.Disk()); err != nil || string(got) != test.disk {
				t.Errorf("disk: got %q, %v; want %q", got, err, test.disk)
			}
			list, err := svc.Snapshots(t.Context(), "dev")
			if err != nil {
				t.Fatal(err)
			}
			saved := slices.DeleteFunc(list.Snapshots, func(s app.Snapshot) bool { return s.Name == "wrong" || s.Name == "right" })
			if len(saved) != 0 != test.saved {
				t.Fatalf("saved undo disks: got snapshots %+v; want one: %v", saved, test.saved)
			}
			if test.saved {
				job, err := svc.RestoreSnapshot(t.Context(), "dev", saved[0].Name, app.RestoreOptions{})
				if err == nil {
					err = job.Wait(t.Context())
				}
				if got, _ := os.ReadFile(dir.Disk()); err != nil || string(got) != "work" {
					t.Errorf("saved snapshot: got %q, %v; want %q", got, err, "work")
				}
			}
		})
	}
}
