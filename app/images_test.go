package app

import (
	"os"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
)

// The disk that is kept of an image is counted with it, and goes with it.
func TestDiskOfAnImageIsCounted(t *testing.T) {
	home := ondisk.Home(t.TempDir())
	dir := home.Image("base")
	if err := ondisk.MakeDir(string(dir)); err != nil {
		t.Fatal(err)
	}
	digest := strings.Repeat("a", 64)
	for path, content := range map[string]string{
		dir.Row():        `{"name": "base", "digest": "` + digest + `", "size": 5}`,
		dir.File(digest): "image",
		dir.Disk(digest, strings.Repeat("b", 64)): strings.Repeat("disk", 1<<18),
	} {
		if err := os.WriteFile(path, []byte(content), ondisk.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	s := New(Options{Home: home})
	list, err := s.Images(t.Context())
	if err != nil || len(list) != 1 || list[0].Size != 5 || list[0].DiskUsed < 1<<20 {
		t.Fatalf("%+v, %v", list, err)
	}
	want := 5 + list[0].DiskUsed
	if all, err := s.Storage(t.Context()); err != nil || all.Images != want {
		t.Errorf("images take %d, not %d; %v", all.Images, want, err)
	}
	if freed, err := s.RemoveImage(t.Context(), "base"); err != nil || freed != want {
		t.Errorf("freed %d, not %d; %v", freed, want, err)
	}
	if left, err := os.ReadDir(string(dir)); err != nil || len(left) != 1 || left[0].Name() != "lock" {
		t.Errorf("%v are left; %v", left, err)
	}
}
