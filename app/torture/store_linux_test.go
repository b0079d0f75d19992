package torture

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/blocklog"
	"vmterminal/app/torture/loopfs"
	"vmterminal/app/torture/usecase"
)

// homeIn is the store in a file system that is mounted on a folder.
func homeIn(dir string) string { return filepath.Join(dir, "home") }

// A ground is an image with the store that setup makes, and files beside it to
// import.
type ground struct {
	kind  loopfs.Kind
	image string
	// ours and foreign are snapshots, system is a disk that boots, packed.
	ours, foreign, system string
}

// grounds has those that are made already: making one takes a second or two.
var grounds = map[string]*ground{}

func groundOf(t *testing.T, kind loopfs.Kind) *ground {
	t.Helper()
	if g := grounds[kind.Name]; g != nil {
		return g
	}
	dir, err := os.MkdirTemp(workspace, "ground-")
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{
		kind: kind, image: filepath.Join(dir, "image"),
		ours: filepath.Join(dir, "ours"), foreign: filepath.Join(dir, "foreign"), system: filepath.Join(dir, "system"),
	}
	fresh := filepath.Join(dir, "fresh")
	if err := kind.Format(fresh); err != nil {
		t.Fatal(err)
	}
	mnt := mount(t, kind, fresh)
	s := start(t, "")
	for _, words := range setup {
		if err := s.do(homeIn(mnt), words...); err != nil {
			t.Fatal(err)
		}
	}
	if err := elsewhere(s, g); err != nil {
		t.Fatal(err)
	}
	s.end()
	unmount(t, mnt)
	if err := blocklog.Copy(g.image, fresh); err != nil {
		t.Fatal(err)
	}
	os.Remove(fresh)
	grounds[kind.Name] = g
	return g
}

// elsewhere makes the files to import: a snapshot of another store, and what
// another tool makes of a disk.
func elsewhere(s *subject, g *ground) error {
	home, err := os.MkdirTemp(workspace, "elsewhere-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	vm := ondisk.Home(home).VM(usecase.VM)
	for _, words := range [][]string{{"vm-create", usecase.VM}, {"disk", "elsewhere"}, {"create", "there"}, {"disk", "foreign"}} {
		if err := s.do(home, words...); err != nil {
			return err
		}
	}
	if err := os.Rename(ondisk.SnapshotFile(vm.Snapshots(), "there"), g.ours); err != nil {
		return err
	}
	if err := pack(vm.Disk(), g.foreign); err != nil {
		return err
	}
	disk, err := os.OpenFile(vm.Disk(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	if _, err := disk.WriteAt([]byte{0x55, 0xaa}, 510); err != nil { // a boot sector
		return err
	}
	return pack(vm.Disk(), g.system)
}

// pack is what another tool makes of a disk.
func pack(disk, file string) error {
	packed, err := exec.Command("gzip", "--stdout", disk).Output()
	if err != nil {
		return err
	}
	return os.WriteFile(file, packed, 0o600)
}

// words puts in the files to import.
func (g *ground) words(deed []string) []string {
	out := make([]string, len(deed))
	for at, word := range deed {
		switch word {
		case "%OURS%":
			word = g.ours
		case "%FOREIGN%":
			word = g.foreign
		case "%SYSTEM%":
			word = g.system
		}
		out[at] = word
	}
	return out
}

// mount mounts an image on a folder of its own; the test's end unmounts it, if
// that has not been done before.
func mount(t *testing.T, kind loopfs.Kind, image string) string {
	t.Helper()
	dir, err := os.MkdirTemp(workspace, "mnt-")
	if err != nil {
		t.Fatal(err)
	}
	if err := kind.Mount(image, dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = loopfs.Unmount(dir); os.Remove(dir) })
	return dir
}

func unmount(t *testing.T, dir string) {
	t.Helper()
	if err := loopfs.Unmount(dir); err != nil {
		t.Fatalf("unmounting %s: %v", dir, err)
	}
}
