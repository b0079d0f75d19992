package vm

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
)

func TestBootOf(t *testing.T) {
	loader := make([]byte, 512)
	loader[0], loader[510], loader[511] = 0xeb, 0x55, 0xaa
	data := make([]byte, 512) // a partition table alone
	data[510], data[511] = 0x55, 0xaa
	for name, c := range map[string]struct {
		first []byte
		want  Boot
	}{
		"a boot loader":       {loader, BootDisk},
		"a table, no loader":  {data, BootKernel},
		"a file system":       {make([]byte, 4096), BootKernel},
		"less than a sector":  {loader[:511], BootKernel},
		"code, but no number": {append([]byte{0xeb}, make([]byte, 511)...), BootKernel},
	} {
		path := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(path, c.first, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := BootOf(path); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := BootOf(filepath.Join(t.TempDir(), "none")); got != BootKernel {
		t.Errorf("no disk: %q", got)
	}
}

// A VM whose settings were lost boots as its disk says.
func TestRebuiltVMBoots(t *testing.T) {
	home := ondisk.Home(t.TempDir())
	s := OpenStore(home)
	v := Defaults("deb")
	v.Boot = BootDisk
	loader := make([]byte, 512)
	loader[0], loader[510], loader[511] = 0xeb, 0x55, 0xaa
	if err := s.Create(v, Fill(func(f *os.File) error { _, err := f.Write(loader); return err })); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(home.VMs(), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get("deb"); err != nil || got.Boot != BootDisk {
		t.Errorf("it boots by %q, %v", got.Boot, err)
	}
	v.Boot = "floppy"
	if err := v.Check(); !errors.Is(err, ErrBadConfig) {
		t.Errorf("booting from a floppy: %v", err)
	}
}
