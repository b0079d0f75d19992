package endtoend

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWindowsFilesArePrivate opens the window with umask 000 in a home folder that all users
// can read. It checks that other users cannot read or change the files that the program
// creates.
func TestWindowsFilesArePrivate(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := newDisplay(t)
	base := filepath.Dir(s.home)
	userHome := filepath.Join(base, "user") // still empty
	for _, dir := range []string{base, userHome} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	open := exec.Command("sh", "-c", `umask 000; exec "$0"`, vmterminal)
	open.Env = append(d.addDisplayEnv(s.env), "HOME="+userHome)
	p := d.start(s, open)
	startFirstVM(t, s, d)
	d.waitButton("the window shows the VM", primary, headerArea)
	d.press("ctrl+plus")
	p.close()
	p.waitExit()
	s.mustRun("stop", "--force")

	seen := 0
	_ = filepath.WalkDir(base, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == base || path == userHome || strings.HasPrefix(filepath.Base(path), "window-") {
			return nil // created by the test
		}
		info, err := entry.Info()
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return nil
		}
		seen++
		others := info.Mode().Perm() & 0o077
		switch {
		case others&0o022 != 0:
			t.Errorf("%s is writable by others: %v", strings.TrimPrefix(path, base), info.Mode())
		case !entry.IsDir() && others != 0:
			t.Errorf("%s is readable by others: %v", strings.TrimPrefix(path, base), info.Mode())
		}
		if entry.IsDir() && others&0o055 == 0 {
			return fs.SkipDir // not accessible to others
		}
		return nil
	})
	if seen == 0 {
		t.Error("found no files to check")
	}
}
