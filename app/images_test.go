package app

import (
	"os"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// The disk created from an image, and its base, are counted and removed with the image.
func TestImageUsageCountsDiskAndBase(t *testing.T) {
	root := home.Dir(t.TempDir())
	dir := root.Image("base")
	if err := durable.MakeDir(string(dir)); err != nil {
		t.Fatal(err)
	}
	digest := strings.Repeat("a", 64)
	for path, content := range map[string]string{
		dir.Row():        `{"name": "base", "digest": "` + digest + `", "size": 5}`,
		dir.File(digest): "image",
		dir.Disk(digest, strings.Repeat("b", 64)): strings.Repeat("disk", 1<<18),
		dir.Base(digest):      strings.Repeat("base", 1<<17),
		dir.BaseIndex(digest): "",
	} {
		if err := os.WriteFile(path, []byte(content), durable.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	s := New(Options{Home: root})
	list, err := s.Images(t.Context())
	if err != nil || len(list) != 1 || list[0].Size != 5 || list[0].DiskUsed < 1<<20 || list[0].BaseUsed < 1<<19 {
		t.Fatalf("got images %+v, error %v, want one of 5 bytes with a disk of at least 1 MiB and a base of half of that", list, err)
	}
	want := 5 + list[0].DiskUsed + list[0].BaseUsed
	if all, err := s.Storage(t.Context()); err != nil || all.ImageBytes != want {
		t.Errorf("got %d bytes of images, error %v, want %d", all.ImageBytes, err, want)
	}
	if freed, err := s.RemoveImage(t.Context(), "base"); err != nil || freed != want {
		t.Errorf("got %d bytes freed, error %v, want %d", freed, err, want)
	}
	if left, err := os.ReadDir(string(dir)); err != nil || len(left) != 1 || left[0].Name() != "lock" {
		t.Errorf("got remaining files %v, error %v, want only lock", left, err)
	}
}
