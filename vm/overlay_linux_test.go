package vm

import (
	"errors"
	"os"
	"strings"
	"testing"

	"vmterminal/snapshot/durable/mounttest"
	"vmterminal/vm/home"
)

// An overlay file system cannot rename folders of its lower layer, such as the folders of VMs
// in a container image.
func TestRenameAndDeleteOnOverlay(t *testing.T) {
	s := OpenStore(home.Dir(mounttest.Overlay(t, func(lower string) {
		image := OpenStore(home.Dir(lower))
		for _, name := range []string{"dev", "other"} {
			createVM(t, image, name)
		}
		if err := image.SetActive("dev"); err != nil {
			t.Fatal(err)
		}
	})))
	if err := s.Rename("dev", "new"); !errors.Is(err, ErrCannotRename) {
		t.Fatalf("Rename: %v, want ErrCannotRename", err)
	}
	if e, err := s.Active(); err != nil || e.Name != "dev" || e.Broken != nil || pathExists(string(s.Dir("new"))) {
		t.Errorf("after a failed Rename: Active = %+v, %v; want dev, intact and not renamed", e, err)
	}
	if text, err := os.ReadFile(s.Home().Active()); err != nil || strings.TrimSpace(string(text)) != "dev" {
		t.Errorf("active file = %q, %v; want dev", text, err)
	}
	for _, name := range []string{"dev", "other"} {
		if err := s.Delete(name, true, nil); err != nil {
			t.Errorf("Delete(%s): got error %v, want no error", name, err)
		}
	}
	if left, err := os.ReadDir(s.Home().Data()); err != nil || len(left) != 0 {
		t.Errorf("remaining folders: %v, %v; want none", left, err)
	}
	createVM(t, s, "dev") // entirely in the upper layer
	if err := errors.Join(s.Rename("dev", "new"), s.Delete("new", true, nil)); err != nil {
		t.Error(err)
	}
}
