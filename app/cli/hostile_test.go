package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// hostile is text that would clear a terminal, set its title, copy to its
// clipboard, and turn the direction of what follows.
const hostile = "\x1b[2J\x1b]0;pwned\a\u009b31m\x9b31m\x1b]52;c;ZXZpbA==\x1b\\\u202eevil\u2066\u200b\r\b\x00\U000e0041\u2028"

// unseen are the characters in a text that must not reach a terminal.
func unseen(text string) (bad []rune) {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			bad = append(bad, r)
		}
	}
	return bad
}

// hostileHome is a store in which all that people and guests can write is hostile:
// the list of VMs, rows, headers and names of snapshots, and how the VM left.
func hostileHome(t *testing.T) *app.Service {
	t.Helper()
	home := ondisk.Home(t.TempDir())
	dir := home.VM("dev")
	if err := ondisk.MakeDir(dir.Snapshots()); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), ondisk.FileMode); err != nil {
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
	write(home.VMs(), object(fields{"version": 1, "vms": []fields{
		{
			"name": "dev", "id": "a1", "image": hostile, "cpus": 1, "memory_mb": 128, "disk_size_mb": 64, "mac": "52:54:00:00:00:01", "accel": "tcg",
			"automatic_snapshots": fields{"every_s": 3600, "keep": 3},
		},
		{"name": "odd", "id": hostile, "image": hostile, "cpus": 1, "memory_mb": 128, "disk_size_mb": 64, "mac": hostile, "accel": hostile},
	}}))
	write(home.Active(), "dev\n")
	write(home.Config(), "cpus: 1 # "+strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, hostile)+"\n")
	write(dir.Disk(), "")
	write(dir.Last(), object(fields{"version": 1, "left": "2026-01-02T03:04:05Z", "how": hostile, "detail": hostile}))
	write(dir.Automatic(), object(fields{"failure": hostile, "failed_at": "2026-01-02T03:04:05Z"}))
	write(dir.HostLog(), hostile+"\n")
	write(dir.Rows(), object(fields{"version": 1, "snapshots": []fields{
		{"name": "gone", "id": hostile, "description": hostile, "vm": hostile, "digest": hostile, "taken": hostile, "created": "2026-01-02T03:04:05Z"},
		{"name": "ours", "id": "b1", "damage": hostile},
		{"name": hostile, "id": hostile},
	}}))
	write(ondisk.SnapshotFile(dir.Snapshots(), strings.ReplaceAll(hostile, "\x00", "")), "\x1f\x8b")
	write(ondisk.SnapshotFile(dir.Snapshots(), "foreign"), "no gzip "+hostile)
	write(home.VMs()+ondisk.AsideInfix+strings.ReplaceAll(hostile, "\x00", ""), "x")
	writeSnapshot(t, ondisk.SnapshotFile(dir.Snapshots(), "ours"))
	return app.New(app.Options{Home: home, Version: hostile})
}

// writeSnapshot writes a snapshot of 4 KiB whose header is hostile.
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

// told runs a command line and returns what a terminal would have got.
func told(svc *app.Service, args ...string) (string, int) {
	var out, errs strings.Builder
	code := Run(svc, args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return out.String() + errs.String(), code
}

func TestHostileTextReachesNoTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	svc := hostileHome(t)
	if err := ondisk.MakeDir(string(svc.Home().VM("odd"))); err != nil {
		t.Fatal(err)
	}
	lock, err := ondisk.TryLock(svc.Home().VM("odd").JobLock(), hostile)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, args := range []string{
		"vm list", "vm show", "vm show odd", "vm set odd --cpus 1", "vm rename odd even", "status", "status --vm odd",
		"snapshot list", "snapshot list -q", "snapshot show gone", "snapshot show ours", "snapshot show foreign", "snapshot verify --all",
		"snapshot auto", "snapshot prune --keep-last 1 --dry-run", "snapshot create x --vm odd", "snapshot restore ours", "snapshot restore gone",
		"snapshot export gone here", "snapshot clone gone new", "job list", "job cancel --vm dev", "config get", "doctor", "version", "run", "run --vm odd",
		"__complete snapshot show ", "__complete vm show ",
	} {
		for _, more := range []string{"", "--json"} {
			line := append(strings.Fields(args), strings.Fields(more)...)
			if strings.HasPrefix(args, "__complete") {
				line = append(strings.Fields(args), "")
			}
			text, _ := told(svc, line...)
			if bad := unseen(text); bad != nil || text == "" {
				t.Errorf("%s %s lets %q through:\n%q", args, more, bad, text)
			}
			if !strings.Contains(text, "evil") && mayShowEvil(args) {
				t.Errorf("%s %s shows nothing of what is hostile, and so is no proof:\n%s", args, more, text)
			}
		}
	}
}

// mayShowEvil tells which commands are known to show what others have written.
func mayShowEvil(args string) bool {
	for _, begin := range []string{"vm list", "vm show", "status", "snapshot list", "snapshot show gone", "snapshot show ours", "job list", "snapshot auto", "version", "doctor"} {
		if args == begin {
			return true
		}
	}
	return false
}

// Whatever command gets hostile arguments complains about them harmlessly.
func TestHostileArgumentsReachNoTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	svc := hostileHome(t)
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		for _, args := range [][]string{
			{hostile}, {hostile, hostile}, {"ours", hostile}, {"--vm", hostile}, {"--" + hostile}, {"-" + hostile}, {"--accel", hostile}, {hostile, "--json"},
		} {
			text, code := told(svc, append(append([]string{}, path...), args...)...)
			if bad := unseen(text); bad != nil {
				t.Errorf("%q lets %q through:\n%q", args, bad, text)
			}
			if code == app.ExitOK && text == "" {
				t.Errorf("%q says nothing", args)
			}
		}
	})
}

// What a guest says of a failure is an error's text.
func TestHostileErrorsReachNoTerminal(t *testing.T) {
	for _, json := range []bool{false, true} {
		for _, err := range []error{
			errors.New(hostile), &app.Failure{Doing: app.Phrase{Format: "%s", Args: []string{hostile}}, Disk: hostile, Err: errors.New(hostile)},
			usagef(&cobra.Command{Use: "x"}, "%s", hostile), errors.Join(context.Canceled, errors.New(hostile)),
		} {
			var out, errs strings.Builder
			f := &face{io: Streams{Out: &out, Err: &errs}, json: json}
			f.fail(err)
			if bad := unseen(out.String() + errs.String()); bad != nil || strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("%q lets %q through:\n%q\n%q", err, bad, out.String(), errs.String())
			}
		}
	}
}

func TestEscapedJSONMeansTheSame(t *testing.T) {
	var out strings.Builder
	f := &face{io: Streams{Out: &out}}
	want := strings.ToValidUTF8(hostile, "\ufffd") + "grüße 漢字 <&> \U0001f600"
	if err := f.writeLine("result", []string{want}); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%v: %q, not %q", err, got, want)
	}
	if bad := unseen(out.String()); bad != nil || !strings.Contains(out.String(), "grüße 漢字 <&> \U0001f600") {
		t.Errorf("%q in %q", bad, out.String())
	}
}
