package supervisor

import (
	"bytes"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"vmterminal/vm/home"
	"vmterminal/vm/supervisor/client"
)

// replaceDisk replaces the disk of a running VM with a copy, and returns the original,
// which QEMU keeps writing to.
func (v *testVM) replaceDisk() *os.File {
	v.t.Helper()
	path := v.spec.Dir.Disk()
	disk, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { disk.Close() })
	content, err := os.ReadFile(path)
	if err != nil {
		v.t.Fatal(err)
	}
	writeSparse(v.t, path+".new", content)
	if err := os.Rename(path+".new", path); err != nil {
		v.t.Fatal(err)
	}
	return disk
}

// TestReplacedDiskIsSaved replaces the disk of a running VM, as backup tools do. The data
// that the guest wrote to the old file must be saved, no matter how the VM exits.
func TestReplacedDiskIsSaved(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	for name, end := range map[string]func(v *testVM, c *client.Client){
		"stopped": func(v *testVM, c *client.Client) {
			var steps []client.StopStep
			err := c.Stop(v.t.Context(), client.StopRequest{Force: true}, func(s client.StopStep) { steps = append(steps, s) })
			want := client.StopStep{Code: client.StopSavingDisk, Path: v.spec.Dir.Disk() + home.SavedInfix + "1"}
			if err != nil || !slices.Contains(steps, want) {
				v.t.Errorf("stop: got steps %+v, error %v; want %+v among them", steps, err, want)
			}
		},
		"QEMU is killed": func(v *testVM, c *client.Client) {
			events, err := c.Events(v.t.Context())
			if err != nil {
				v.t.Fatal(err)
			}
			v.kill(v.state(c).QEMUPID, syscall.SIGKILL)
			v.waitForExit(events)
		},
		"adopted": func(v *testVM, c *client.Client) {
			v.killSupervisor(c)
			v.spec.Adopt = true
			c = v.start()
			if !v.state(c).DiskReplaced {
				v.t.Error("the new supervisor did not detect the replaced disk")
			}
			if err := c.Stop(v.t.Context(), client.StopRequest{Force: true}, nil); err != nil {
				v.t.Error(err)
			}
		},
		"stopped without its supervisor": func(v *testVM, c *client.Client) {
			v.killSupervisor(c)
			if err := StopOrphan(v.t.Context(), v.spec.Dir, true, 0); err != nil {
				v.t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVM(t)
			c := v.start()
			if v.state(c).DiskReplaced {
				t.Error("DiskReplaced is set before the disk was replaced")
			}
			disk := v.replaceDisk()
			if !v.state(c).DiskReplaced {
				t.Error("the replaced disk was not detected")
			}
			written := bytes.Repeat([]byte("written by the guest"), 100)
			if _, err := disk.WriteAt(written, 300_000); err != nil {
				t.Fatal(err)
			}
			end(v, c)
			saved := v.spec.Dir.Disk() + home.SavedInfix + "1"
			for path, want := range map[string]bool{saved: true, v.spec.Dir.Disk(): false} {
				content, err := os.ReadFile(path)
				if err != nil || len(content) != 1<<20 || bytes.Contains(content, written) != want {
					t.Errorf("%s: got %d bytes, error %v; want 1 MiB, contains the guest's data = %v", path, len(content), err, want)
				}
			}
			want := client.ReplacedDisk{Code: client.ReplacedDiskSaved, Path: saved}
			if last, err := client.ReadLast(v.spec.Dir); err != nil || last.ReplacedDisk != want {
				t.Errorf("last run: got %+v, %v; want ReplacedDisk %+v", last, err, want)
			}
		})
	}
}

// TestMovedDiskIsNotCopied moves the disk of a running VM to another name.
func TestMovedDiskIsNotCopied(t *testing.T) {
	v := newVM(t)
	c := v.start()
	moved := v.spec.Dir.Disk() + ".moved"
	if err := os.Rename(v.spec.Dir.Disk(), moved); err != nil {
		t.Fatal(err)
	}
	if !v.state(c).DiskReplaced {
		t.Error("the moved disk was not detected")
	}
	if err := c.Stop(t.Context(), client.StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
	want := client.ReplacedDisk{Code: client.ReplacedDiskRenamed, Path: moved}
	if last, err := client.ReadLast(v.spec.Dir); err != nil || last.ReplacedDisk != want {
		t.Errorf("got %+v, %v, want %+v in it", last, err, want)
	}
	if _, err := os.Stat(v.spec.Dir.Disk() + home.SavedInfix + "1"); !os.IsNotExist(err) {
		t.Errorf("the moved disk was copied (error %v)", err)
	}
}
