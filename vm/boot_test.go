package vm

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/vm/home"
)

func TestDetectDiskBoot(t *testing.T) {
	loader := make([]byte, 512)
	loader[0], loader[510], loader[511] = 0xeb, 0x55, 0xaa
	data := make([]byte, 512)
	data[510], data[511] = 0x55, 0xaa
	for name, c := range map[string]struct {
		first []byte
		want  Boot
	}{
		"boot loader":            {loader, BootDisk},
		"partition table only":   {data, BootKernel},
		"file system":            {make([]byte, 4096), BootKernel},
		"less than a sector":     {loader[:511], BootKernel},
		"code without signature": {append([]byte{0xeb}, make([]byte, 511)...), BootKernel},
	} {
		path := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(path, c.first, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := detectDiskBoot(path); got != c.want {
			t.Errorf("%s: detectDiskBoot = %q, want %q", name, got, c.want)
		}
	}
	if got := detectDiskBoot(filepath.Join(t.TempDir(), "none")); got != BootKernel {
		t.Errorf("detectDiskBoot without a disk = %q, want BootKernel", got)
	}
}

func TestVMWithLostSettingsBootsByItsDisk(t *testing.T) {
	root := home.Dir(t.TempDir())
	s := OpenStore(root)
	v := Defaults("deb")
	v.Boot = BootDisk
	loader := make([]byte, 512)
	loader[0], loader[510], loader[511] = 0xeb, 0x55, 0xaa
	if err := s.Create(v, FillDisk(func(f *os.File) error { _, err := f.Write(loader); return err })); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root.VMs(), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get("deb"); err != nil || got.Boot != BootDisk {
		t.Errorf("Boot = %q, %v; want BootDisk", got.Boot, err)
	}
	v.Boot = "floppy"
	if err := v.Check(); !errors.Is(err, ErrBadConfig) {
		t.Errorf("Check with boot mode floppy: %v, want ErrBadConfig", err)
	}
}
