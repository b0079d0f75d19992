package doctor

import (
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/mounttest"
	"vmterminal/vm/home"
)

func TestMissingFeaturesAreFound(t *testing.T) {
	runtimeDir := t.TempDir()
	if err := durable.MakeDir(runtimeDir + "/private"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", runtimeDir+"/private")
	root := home.Dir(filepath.Join(mounttest.LimitedDir(t), "home"))
	c := checker{Options: Options{Home: root}, features: MissingFeatures(root)}
	want := []durable.Feature{durable.HardLinks, durable.Sockets, durable.DirSync}
	if f := c.checkFeatures(); f.Status != Note || !slices.Equal(f.Args.Features, want) || len(f.Fixes) == 0 {
		t.Errorf("file system: got %+v, want the features %v", f, want)
	}
	if f := c.checkSockets(); f.Status != OK || f.Code != SocketsElsewhere {
		t.Errorf("sockets: got %+v, want %s", f, SocketsElsewhere)
	}
}
