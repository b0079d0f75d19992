package torture

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vmterminal/app/torture/blocklog"
	"vmterminal/app/torture/loopfs"
	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot"
	"vmterminal/vm/home"
)

// homePath returns the path of the store in a file system that is mounted on dir.
func homePath(dir string) string { return filepath.Join(dir, "home") }

// A fixture is an image with the store that setup creates, and separate files to import.
type fixture struct {
	kind  loopfs.Kind
	image string
	// ours and foreign are snapshots; system is a compressed bootable disk.
	ours, foreign, system string
}

// fixtures caches fixtures: creating one takes a second or two.
var fixtures = map[string]*fixture{}

func fixtureFor(t *testing.T, kind loopfs.Kind) *fixture {
	t.Helper()
	if g := fixtures[kind.Name]; g != nil {
		return g
	}
	dir, err := os.MkdirTemp(workspace, "fixture-")
	if err != nil {
		t.Fatal(err)
	}
	g := &fixture{
		kind: kind, image: filepath.Join(dir, "image"),
		ours: filepath.Join(dir, "ours"), foreign: filepath.Join(dir, "foreign"), system: filepath.Join(dir, "system"),
	}
	fresh := filepath.Join(dir, "fresh")
	if err := kind.Format(fresh); err != nil {
		t.Fatal(err)
	}
	mnt := mount(t, kind, fresh)
	s := startSubject(t, "")
	for _, words := range setup {
		if err := s.run(homePath(mnt), words...); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeImports(s, g); err != nil {
		t.Fatal(err)
	}
	s.stop()
	unmount(t, mnt)
	if err := blocklog.Copy(g.image, fresh); err != nil {
		t.Fatal(err)
	}
	os.Remove(fresh)
	fixtures[kind.Name] = g
	return g
}

// writeImports creates the files to import: a snapshot from another store, and a disk compressed by
// another tool.
func writeImports(s *subject, g *fixture) error {
	root, err := os.MkdirTemp(workspace, "elsewhere-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	vm := home.Dir(root).VM(usecase.VM)
	for _, words := range [][]string{{"vm-create", usecase.VM}, {"disk", "elsewhere"}, {"create", "there"}, {"disk", "foreign"}} {
		if err := s.run(root, words...); err != nil {
			return err
		}
	}
	if err := os.Rename(snapshot.File(vm.Snapshots(), "there"), g.ours); err != nil {
		return err
	}
	if err := gzipFile(vm.Disk(), g.foreign); err != nil {
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
	return gzipFile(vm.Disk(), g.system)
}

// gzipFile compresses a disk with gzip(1) to a file.
func gzipFile(disk, file string) error {
	packed, err := exec.Command("gzip", "--stdout", disk).Output()
	if err != nil {
		return err
	}
	return os.WriteFile(file, packed, 0o600)
}

// expandPaths replaces the placeholders for files to import.
func (g *fixture) expandPaths(step []string) []string {
	out := make([]string, len(step))
	for at, word := range step {
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

// mount mounts an image on a new folder. It is unmounted at the end of the test if it is still
// mounted.
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
