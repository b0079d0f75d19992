package supervisor

import (
	"os"
	"strings"
	"testing"

	"vmterminal/snapshot/durable/mounttest"
	"vmterminal/vm/home"
)

func TestSocketDirOnFileSystemWithoutSockets(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	root := home.Dir(mounttest.LimitedDir(t))
	s, err := createSocketDir(root.Run(), root.VM("dev"))
	if err != nil || !strings.HasPrefix(string(s), "/tmp/vmterminal-") {
		t.Fatalf("createSocketDir: got %s, %v; want a folder in /tmp", s, err)
	}
	if files, err := os.ReadDir(root.Run()); err != nil || len(files) != 0 {
		t.Errorf("files in the store: got %v, %v; want none", files, err)
	}
	if err := removeSockets(s); err != nil {
		t.Error(err)
	}
}
