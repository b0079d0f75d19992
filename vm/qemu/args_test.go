package qemu

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func testMachine() Machine {
	return Machine{
		Name: "dev", Accel: TCG, CPUs: 2, MemoryMB: 128,
		Disk:   "/store/data/dev/disk.raw",
		Kernel: "/store/cache/vmlinuz", Append: "console=ttyS0 root=/dev/vda rw",
		MAC: "52:54:00:12:34:56",
	}
}

// TestArgs compares the arguments with testdata/NAME.args, one per line; -update rewrites the
// files.
func TestArgs(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the golden files are for linux on amd64")
	}
	for name, change := range map[string]func(*Machine){
		"direct":   func(*Machine) {},
		"disk":     func(m *Machine) { m.Kernel, m.Append = "", "" },
		"isolated": func(m *Machine) { m.Isolated, m.Forwards = true, []Forward{{2222, 22}, {8080, 80}} },
		"kvm":      func(m *Machine) { m.Accel, m.Initrd, m.Paused = KVM, "/store/initrd", true },
		"seed":     func(m *Machine) { m.Kernel, m.Append, m.Seed = "", "", "/store/data/dev/seed.iso" },
		"commas": func(m *Machine) {
			m.Name, m.Disk, m.Kernel = "a,b", "/st,ore/file=nbd:x,readonly=on.raw", "/st,ore/vm,linuz"
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := testMachine()
			change(&m)
			args, err := m.Args()
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(args, "\n") + "\n"
			golden := filepath.Join("testdata", name+".args")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestArgsRefusals(t *testing.T) {
	for name, change := range map[string]func(*Machine){
		"no name":         func(m *Machine) { m.Name = "" },
		"no accelerator":  func(m *Machine) { m.Accel = "" },
		"no CPU":          func(m *Machine) { m.CPUs = 0 },
		"too many CPUs":   func(m *Machine) { m.CPUs = 1000 },
		"no memory":       func(m *Machine) { m.MemoryMB = 0 },
		"no disk":         func(m *Machine) { m.Disk = "" },
		"relative disk":   func(m *Machine) { m.Disk = "nbd:unix:/x" },
		"relative kernel": func(m *Machine) { m.Kernel = "vmlinuz" },
		"lone initrd":     func(m *Machine) { m.Kernel, m.Append, m.Initrd = "", "", "/initrd" },
		"lone command":    func(m *Machine) { m.Kernel = "" },
		"no MAC":          func(m *Machine) { m.MAC = "" },
		"a group's MAC":   func(m *Machine) { m.MAC = "01:00:5e:00:00:01" },
		"a MAC of eight":  func(m *Machine) { m.MAC = "02:00:5e:10:00:00:00:01" },
		"port 0":          func(m *Machine) { m.Forwards = []Forward{{0, 22}} },
		"port 65536":      func(m *Machine) { m.Forwards = []Forward{{2222, 65536}} },
	} {
		t.Run(name, func(t *testing.T) {
			m := testMachine()
			change(&m)
			if _, err := m.Args(); !errors.Is(err, ErrBadMachine) {
				t.Errorf("Args: got error %v, want ErrBadMachine", err)
			}
		})
	}
}

func TestSocketPathTooLong(t *testing.T) {
	long := Sockets(filepath.Join(t.TempDir(), strings.Repeat("x", maxSocketPath)))
	if _, err := Listen(long); !errors.Is(err, ErrPathTooLong) {
		t.Errorf("Listen: got error %v, want ErrPathTooLong", err)
	}
	if err := CheckSocketPath(strings.Repeat("x", maxSocketPath)); err != nil {
		t.Error(err)
	}
	if err := CheckSocketPath(strings.Repeat("x", maxSocketPath+1)); !errors.Is(err, ErrPathTooLong) {
		t.Errorf("CheckSocketPath: got error %v, want ErrPathTooLong", err)
	}
}
