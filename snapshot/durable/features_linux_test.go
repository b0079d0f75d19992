package durable_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/mounttest"
)

func TestMissingFeatures(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("x", 120)) // too long for a socket
	if err := os.Mkdir(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	check := func(dir string, want ...durable.Feature) {
		t.Helper()
		if got, err := durable.MissingFeatures(dir); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("got the files %v, %v; want none", left, err)
		}
	}
	check(deep)
	if _, err := durable.MissingFeatures(deep + "/absent"); !os.IsNotExist(err) {
		t.Errorf("missing folder: got error %v, want fs.ErrNotExist", err)
	}
	check(mounttest.LimitedDir(t), durable.HardLinks, durable.Sockets, durable.DirSync)
}
