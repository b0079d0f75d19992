package qemu

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestFleeceIsQcow2(t *testing.T) {
	for _, size := range []int64{512, 1 << 20, 10 << 30, bytesPerL1, bytesPerL1 + 512, 8 << 40} {
		path := filepath.Join(t.TempDir(), "fleece,x.qcow2")
		if err := createFleece(path, size); err != nil {
			t.Fatal(err)
		}
		spec := "json:" + props{"driver": "qcow2", "file": props{"driver": "file", "filename": path}}.String()
		if out, err := exec.Command("qemu-img", "check", spec).CombinedOutput(); err != nil {
			t.Errorf("qemu-img check of a fleece for %d bytes: %s", size, out)
		}
		out, err := exec.Command("qemu-img", "info", "--output=json", spec).Output()
		if err != nil {
			t.Fatal(err)
		}
		var info struct {
			Size    int64 `json:"virtual-size"`
			Cluster int64 `json:"cluster-size"`
			Actual  int64 `json:"actual-size"`
		}
		if err := json.Unmarshal(out, &info); err != nil || info.Size != size || info.Cluster != clusterSize || info.Actual > 64<<10 {
			t.Errorf("qemu-img info of a fleece for %d bytes: %s, error %v", size, out, err)
		}
	}
	for _, size := range []int64{-1, 0, maxFleeceDisk + 1} {
		if err := createFleece(filepath.Join(t.TempDir(), "f"), size); err == nil {
			t.Errorf("createFleece(%d): got no error, want one", size)
		}
	}
}
