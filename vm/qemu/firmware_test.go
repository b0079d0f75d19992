package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFirmwareIsFound(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	half := FirmwareSource{filepath.Join(dir, "none"), file("half", 10)}
	large := FirmwareSource{file("large", 100), file("large-vars", 20)}
	small := FirmwareSource{file("small", 50), file("small-vars", 10)}
	all := []FirmwareSource{half, large, small}
	for size, want := range map[int64]FirmwareSource{0: large, 20: large, 10: small} {
		if got, err := findFirmware(all, size); err != nil || got != want {
			t.Errorf("for %d bytes: got %v, %v; want %v", size, got, err, want)
		}
	}
	if _, err := findFirmware(all, 15); !errors.Is(err, ErrNoFirmware) || !strings.Contains(err.Error(), "15 bytes") {
		t.Errorf("another version: got error %v, want error %v with %q in it", err, ErrNoFirmware, "15 bytes")
	}
	if _, err := findFirmware([]FirmwareSource{half}, 0); !errors.Is(err, ErrNoFirmware) {
		t.Errorf("half of the files: got error %v, want error %v", err, ErrNoFirmware)
	}
}

func TestFirmwareNeedsBothFiles(t *testing.T) {
	m := testMachine()
	m.Firmware = Firmware{Code: "/code"}
	if _, err := m.Args(); !errors.Is(err, ErrBadMachine) {
		t.Errorf("without variables: got error %v, want error %v", err, ErrBadMachine)
	}
	m.Firmware.Variables = "/vars,x"
	args, err := m.Args()
	all := strings.Join(args, " ")
	if err != nil || !strings.Contains(all, "pc,pflash0=firmware-code,pflash1=firmware-vars") ||
		!strings.Contains(all, `"filename":"/code","node-name":"firmware-code","read-only":true`) {
		t.Errorf("got error %v, arguments %s; want two flash devices, the code read-only", err, all)
	}
}
