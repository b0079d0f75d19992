package vm

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/vm/home"
)

// gptDisk returns the start of a disk whose GPT has partitions of the given types.
func gptDisk(types ...[]byte) []byte {
	b := make([]byte, 34*sectorSize)
	b[dosTableOffset+4], b[510], b[511] = 0xee, 0x55, 0xaa
	h := b[sectorSize:]
	copy(h, "EFI PART")
	binary.LittleEndian.PutUint64(h[72:], 2)
	binary.LittleEndian.PutUint32(h[80:], 128)
	binary.LittleEndian.PutUint32(h[84:], 128)
	for i, typ := range types {
		copy(b[2*sectorSize+(i+3)*128:], typ)
	}
	return b
}

func setByte(b []byte, at int, v byte) []byte {
	b[at] = v
	return b
}

func TestNeedsUEFI(t *testing.T) {
	linux := []byte("any other type..")
	dos := make([]byte, 1024)
	dos[dosTableOffset+dosEntryLen+4], dos[510], dos[511] = dosTypeEFI, 0x55, 0xaa
	for name, c := range map[string]struct {
		disk []byte
		want bool
	}{
		"ESP":                         {gptDisk(linux, efiSystemPartition), true},
		"ESP and BIOS boot partition": {gptDisk(efiSystemPartition, biosBootPartition), false},
		"ESP and boot code":           {setByte(gptDisk(efiSystemPartition), 0, 0xeb), false},
		"ESP and disk signature":      {setByte(gptDisk(efiSystemPartition), dosTableOffset-6, 7), true},
		"GPT without ESP":             {gptDisk(linux), false},
		"no table":                    {make([]byte, 4096), false},
		"MBR with ESP":                {dos, true},
		"MBR with ESP and boot code":  {setByte(append([]byte(nil), dos...), 1, 0x90), false},
		"entry size 0":                {setByte(gptDisk(efiSystemPartition), sectorSize+84, 0), false},
		"entries beyond the disk":     {setByte(gptDisk(efiSystemPartition), sectorSize+76, 0xff), false},
		"too many entries":            {setByte(gptDisk(efiSystemPartition), sectorSize+83, 0xff), false},
		"less than two sectors":       {gptDisk(efiSystemPartition)[:1000], false},
		"empty disk":                  {nil, false},
	} {
		dir := home.VMDir(t.TempDir())
		if err := os.WriteFile(dir.Disk(), c.disk, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := needsUEFI(dir.Disk()); got != c.want {
			t.Errorf("%s: needsUEFI = %v, want %v", name, got, c.want)
		}
		if got := DetectBoot(dir) == BootUEFI; got != c.want {
			t.Errorf("%s: DetectBoot returns BootUEFI: %v, want %v", name, got, c.want)
		}
	}
	if needsUEFI(filepath.Join(t.TempDir(), "none")) {
		t.Error("needsUEFI without a disk = true, want false")
	}
	// UEFI variables imply UEFI, too.
	dir := home.VMDir(t.TempDir())
	for _, c := range []struct {
		vars string
		want Boot
	}{{"", BootKernel}, {"something", BootUEFI}} {
		if err := os.WriteFile(dir.Firmware(), []byte(c.vars), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := DetectBoot(dir); got != c.want {
			t.Errorf("DetectBoot with UEFI variables %q = %q, want %q", c.vars, got, c.want)
		}
	}
}
