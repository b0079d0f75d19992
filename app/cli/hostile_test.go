package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
	"vmterminal/vm/home"
)

// hostile is text that would clear a terminal, set its title, copy to its clipboard and
// reverse the direction of text.
const hostile = "\x1b[2J\x1b]0;pwned\a\u009b31m\x9b31m\x1b]52;c;ZXZpbA==\x1b\\\u202eevil\u2066\u200b\r\b\x00\U000e0041\u2028"

// unsafeRunes returns the characters of text that must not reach a terminal.
func unsafeRunes(text string) (bad []rune) {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			bad = append(bad, r)
		}
	}
	return bad
}

// hostileHome returns a Service whose store has hostile text wherever users and guests can
// write: in its path, the defaults, the list of VMs, the exit reasons, and the records, headers
// and file names of snapshots. Its supervisors report hostile errors.
func hostileHome(t *testing.T) *app.Service {
	t.Helper()
	// The path is hostile, too, but contains "lurk" instead of "evil".
	root := home.Dir(filepath.Join(t.TempDir(), strings.NewReplacer("evil", "lurk", "\x00", "").Replace(hostile)))
	dir := root.VM("dev")
	for _, folder := range []string{dir.Snapshots(), string(root.VM("odd"))} {
		if err := durable.MakeDir(folder); err != nil {
			t.Fatal(err)
		}
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), durable.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	object := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	type fields map[string]any
	write(root.VMs(), object(fields{"version": 1, "vms": []fields{
		{
			"name": "dev", "id": "a1", "image": hostile, "cpus": 1, "memory_mb": 128, "disk_size_mb": 64, "mac": "52:54:00:00:00:01", "accel": "tcg",
			"automatic_snapshots": fields{"every_s": 3600, "keep": 3},
		},
		{"name": "odd", "id": hostile, "image": hostile, "cpus": 1, "memory_mb": 128, "disk_size_mb": 64, "mac": hostile, "accel": hostile},
	}}))
	write(root.Active(), "dev\n")
	write(root.Config(), "cpus: "+strconv.Quote(strings.ToValidUTF8(hostile, ""))+"\n")
	write(dir.Disk(), "")
	write(dir.LastExit(), object(fields{"version": 1, "left": "2026-01-02T03:04:05Z", "how": hostile, "detail": hostile}))
	write(dir.Automatic(), object(fields{"failure": hostile, "failed_at": "2026-01-02T03:04:05Z"}))
	write(dir.SupervisorLog(), hostile+"\n")
	write(dir.Rows(), object(fields{"version": 1, "snapshots": []fields{
		{"name": "gone", "id": hostile, "description": hostile, "vm": hostile, "digest": hostile, "taken": hostile, "created": "2026-01-02T03:04:05Z"},
		{"name": "ours", "id": "b1", "damage": hostile},
		{"name": "foreign", "description": hostile},
		{"name": hostile, "id": hostile},
	}}))
	write(snapshot.File(dir.Snapshots(), strings.ReplaceAll(hostile, "\x00", "")), "\x1f\x8b")
	write(snapshot.File(dir.Snapshots(), "foreign"), "no gzip "+hostile)
	write(root.VMs()+durable.AsideInfix+strings.ReplaceAll(hostile, "\x00", ""), "x")
	writeSnapshot(t, snapshot.File(dir.Snapshots(), "ours"))
	report := filepath.Join(t.TempDir(), "report")
	write(report, object(fields{"error": fields{"message": hostile}}))
	supervisor := filepath.Join(t.TempDir(), "supervisor")
	if err := os.WriteFile(supervisor, []byte("#!/bin/sh\ncat '"+report+"' >&3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return app.New(app.Options{Home: root, Version: hostile, Program: supervisor})
}

// writeSnapshot writes a snapshot of a 4 KiB disk, with hostile text in the header.
func writeSnapshot(t testing.TB, path string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(source, []byte(strings.Repeat("disk", 1024)), 0o600); err != nil {
		t.Fatal(err)
	}
	disk, err := diskfile.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	plan, err := gzfile.NewPlan(t.Context(), disk)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	h := gzfile.Header{ID: "b1", Name: hostile, Description: hostile, VM: hostile, Taken: hostile}
	if _, _, err := gzfile.Write(t.Context(), file, disk, plan, h, gzfile.Options{}); err != nil {
		t.Fatal(err)
	}
}

// runForTerminal runs a command line and returns its output and exit code.
func runForTerminal(svc *app.Service, args ...string) (string, int) {
	var out, errs strings.Builder
	code := Run(svc, args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return out.String() + errs.String(), code
}

func TestHostileTextReachesNoTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	svc := hostileHome(t)
	for _, c := range []struct {
		line string
		// shows must be in the output. It is part of the hostile text, unless the command
		// prints only names, which are validated.
		shows string
	}{
		{"vm list", "evil"},
		{"vm show", "evil"},
		{"vm show odd", "evil"},
		{"vm set odd --cpus 1", "evil"},
		{"vm rename odd even", "evil"},
		{"vm create new", "evil"},
		{"status", "evil"},
		{"status --vm odd", "evil"},
		{"snapshot list", "evil"},
		{"snapshot list -q", "evil"},
		{"snapshot show gone", "evil"},
		{"snapshot show ours", "evil"},
		{"snapshot show foreign", "evil"},
		{"snapshot verify --all", "lurk"},
		{"snapshot auto", "evil"},
		{"snapshot prune --keep-last 1 --dry-run", "kept"},
		{"snapshot prune --keep-last 1 --vm odd", "evil"},
		{"snapshot create x --vm odd", "evil"},
		{"snapshot restore ours", "lurk"},
		{"snapshot restore gone", "lurk"},
		{"snapshot export gone here", "lurk"},
		{"snapshot clone gone new", "lurk"},
		{"job list", "evil"},
		{"job history", "lurk"},
		{"job cancel --vm odd", "evil"},
		{"config get", "evil"},
		{"doctor", "evil"},
		{"version", "evil"},
		{"run", "evil"},
		{"run --vm odd", "evil"},
		{"__complete snapshot show ", "evil"},
		{"__complete vm show ", "odd\tbroken"},
	} {
		for _, more := range []string{"", "--json"} {
			line := append(strings.Fields(c.line), strings.Fields(more)...)
			if strings.HasPrefix(c.line, "__complete") {
				line = append(strings.Fields(c.line), "")
			}
			release := startHostileJob(t, svc, "odd")
			text, _ := runForTerminal(svc, line...)
			release()
			if bad := unsafeRunes(text); bad != nil {
				t.Errorf("%s %s: got unsafe characters %q in:\n%q", c.line, more, bad, text)
			}
			if !strings.Contains(text, c.shows) {
				t.Errorf("%s %s: want %q in the output, got:\n%s", c.line, more, c.shows, text)
			}
		}
	}
}

// startHostileJob locks a VM, as a job with a hostile description does. Canceling the job or
// calling release unlocks the VM.
func startHostileJob(t *testing.T, svc *app.Service, vm string) (release func()) {
	t.Helper()
	dir := svc.Home().VM(vm)
	lock, err := durable.TryLock(dir.JobLock(), durable.Activity{Code: string(problem.OpSnapshotCreate), Name: hostile})
	if err != nil {
		t.Fatal(err)
	}
	if err := durable.ClearRequest(dir.JobCancel()); err != nil {
		t.Fatal(err)
	}
	canceled, end := durable.WatchCancel(t.Context(), dir.JobCancel())
	stop := context.AfterFunc(canceled, func() { lock.Close() })
	return func() {
		if stop() {
			lock.Close()
		}
		end()
	}
}

func TestHostileArgumentsReachNoTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	svc := hostileHome(t)
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		for _, args := range [][]string{
			{hostile}, {hostile, hostile}, {"ours", hostile}, {"--vm", hostile}, {"--" + hostile}, {"-" + hostile}, {"--accel", hostile}, {hostile, "--json"},
		} {
			text, code := runForTerminal(svc, append(append([]string{}, path...), args...)...)
			if bad := unsafeRunes(text); bad != nil {
				t.Errorf("%q: got unsafe characters %q in:\n%q", args, bad, text)
			}
			if text == "" {
				t.Errorf("%q: got exit code %d and no output", args, code)
			}
		}
	})
}

func TestHostileErrorsReachNoTerminal(t *testing.T) {
	for _, json := range []bool{false, true} {
		for _, err := range []error{
			errors.New(hostile), &app.Failure{
				Operation: problem.Operation{Code: hostile, VM: hostile},
				Disk:      []problem.State{{Code: hostile, Detail: hostile}, {Code: problem.VMOff, Detail: hostile}},
				Err:       errors.New(hostile),
			},
			&app.Failure{Operation: problem.Operation{Code: problem.OpSnapshotRestore, VM: hostile, Snapshot: hostile}, Err: errors.New(hostile)},
			usagef(&cobra.Command{Use: "x"}, "%s", hostile), errors.Join(context.Canceled, errors.New(hostile)),
		} {
			var out, errs strings.Builder
			r := &runner{printer: &printer{io: Streams{Out: &out, Err: &errs}, json: json}}
			r.reportError(err)
			if bad := unsafeRunes(out.String() + errs.String()); bad != nil || strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("%q: got unsafe characters %q, or not one line on standard error:\n%q\n%q", err, bad, out.String(), errs.String())
			}
		}
	}
}

func TestEscapedJSONIsEquivalent(t *testing.T) {
	var out strings.Builder
	r := &runner{printer: &printer{io: Streams{Out: &out}}}
	want := strings.ToValidUTF8(hostile, "\ufffd") + "grüße 漢字 <&> \U0001f600"
	if err := r.writeLine("result", []string{want}); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if bad := unsafeRunes(out.String()); bad != nil || !strings.Contains(out.String(), "grüße 漢字 <&> \U0001f600") {
		t.Errorf("got %q with unsafe characters %q, want none, and readable text unescaped", out.String(), bad)
	}
}
