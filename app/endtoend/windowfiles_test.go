package endtoend

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWindowsFilesArePrivate opens the window with the umask 000 in a home that
// everybody may look into, and looks for files that others can read.
func TestWindowsFilesArePrivate(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := newDisplay(t)
	base := filepath.Dir(s.home)
	person := filepath.Join(base, "anybody") // with nothing in it yet
	for _, dir := range []string{base, person} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	open := exec.Command("sh", "-c", `umask 000; exec "$0"`, vmterminal)
	open.Env = append(d.around(s.env), "HOME="+person)
	p := d.start(s, open)
	create := d.awaitButton("the first-run card is there", primary, sheet)
	d.push(create)
	until(t, "the VM runs", func() bool { return s.try("status").code == 0 && s.status().State == "running" })
	d.awaitButton("the VM is on the window", primary, head)
	d.press("ctrl+plus")
	p.close()
	p.ends()
	s.do("stop", "--force")

	seen := 0
	_ = filepath.WalkDir(base, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == base || path == person || strings.HasPrefix(filepath.Base(path), "window-") {
			return nil // ours
		}
		info, err := entry.Info()
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return nil
		}
		seen++
		others := info.Mode().Perm() & 0o077
		switch {
		case others&0o022 != 0:
			t.Errorf("others may write %s: %v", strings.TrimPrefix(path, base), info.Mode())
		case !entry.IsDir() && others != 0:
			t.Errorf("others may read %s: %v", strings.TrimPrefix(path, base), info.Mode())
		}
		if entry.IsDir() && others&0o055 == 0 {
			return fs.SkipDir // nobody else comes in
		}
		return nil
	})
	if seen == 0 {
		t.Error("nothing was looked at")
	}
}
