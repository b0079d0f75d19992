package vm

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
)

// gptDisk is the start of a disk with a GUID partition table of these kinds.
func gptDisk(kinds ...[]byte) []byte {
	b := make([]byte, 34*sectorSize)
	b[dosTableAt+4], b[510], b[511] = 0xee, 0x55, 0xaa
	h := b[sectorSize:]
	copy(h, "EFI PART")
	binary.LittleEndian.PutUint64(h[72:], 2)
	binary.LittleEndian.PutUint32(h[80:], 128)
	binary.LittleEndian.PutUint32(h[84:], 128)
	for i, kind := range kinds {
		copy(b[2*sectorSize+(i+3)*128:], kind)
	}
	return b
}

func with(b []byte, at int, v byte) []byte {
	b[at] = v
	return b
}

func TestNeedsUEFI(t *testing.T) {
	linux := []byte("any other kind..")
	dos := make([]byte, 1024)
	dos[dosTableAt+dosEntryLen+4], dos[510], dos[511] = dosEFI, 0x55, 0xaa
	for name, c := range map[string]struct {
		disk []byte
		want bool
	}{
		"a system partition":                {gptDisk(linux, efiSystem), true},
		"and one for a BIOS":                {gptDisk(efiSystem, biosBoot), false},
		"and a boot loader":                 {with(gptDisk(efiSystem), 0, 0xeb), false},
		"and a disk's number":               {with(gptDisk(efiSystem), dosTableAt-6, 7), true},
		"no system partition":               {gptDisk(linux), false},
		"no table":                          {make([]byte, 4096), false},
		"a DOS table":                       {dos, true},
		"a DOS table and a boot loader":     {with(append([]byte(nil), dos...), 1, 0x90), false},
		"entries of no length":              {with(gptDisk(efiSystem), sectorSize+84, 0), false},
		"entries that are nowhere":          {with(gptDisk(efiSystem), sectorSize+76, 0xff), false},
		"more entries than the disk is big": {with(gptDisk(efiSystem), sectorSize+83, 0xff), false},
		"less than two sectors":             {gptDisk(efiSystem)[:1000], false},
		"nothing":                           {nil, false},
	} {
		dir := ondisk.VMDir(t.TempDir())
		if err := os.WriteFile(dir.Disk(), c.disk, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := NeedsUEFI(dir.Disk()); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := BootIn(dir) == BootUEFI; got != c.want {
			t.Errorf("%s: boots by UEFI: %v", name, got)
		}
	}
	if NeedsUEFI(filepath.Join(t.TempDir(), "none")) {
		t.Error("no disk needs UEFI")
	}
	// What its firmware remembers tells, too.
	dir := ondisk.VMDir(t.TempDir())
	for _, c := range []struct {
		memory string
		want   Boot
	}{{"", BootKernel}, {"something", BootUEFI}} {
		if err := os.WriteFile(dir.Firmware(), []byte(c.memory), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := BootIn(dir); got != c.want {
			t.Errorf("with %q remembered: %q", c.memory, got)
		}
	}
}
