package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"vmterminal/snapshot/durable"
)

// probeTimeout is ten times as long as a working guest needs.
const probeTimeout = 3 * time.Second

// probe is a minimal guest that proves it ran: its code makes QEMU exit with a status that
// does not occur otherwise.
type probe struct {
	code []byte
	args func(codeFile string) []string
	exit int
}

// probeAMD64 is a boot sector that adds 1 and 1 on the FPU in protected mode: a nested KVM
// that emulates instructions instead of running them can start a guest, but supports only
// some instructions. QEMU's debug port exits with 2*16+1.
var probeAMD64 = probe{
	code: bootSector(
		0xfa,       // cli
		0x31, 0xc0, // xor ax, ax
		0x8e, 0xd8, // mov ds, ax
		0x66, 0x0f, 0x01, 0x16, 0x50, 0x7c, // lgdt [0x7c50]
		0x0f, 0x20, 0xc0, // mov eax, cr0
		0x0c, 0x01, // or al, 1
		0x0f, 0x22, 0xc0, // mov cr0, eax
		0xea, 0x18, 0x7c, 0x08, 0x00, // jmp 8:0x7c18
		0xb0, 0x10, // mov al, 16; 32-bit code from here on
		0x8e, 0xd8, // mov ds, ax
		0x8e, 0xd0, // mov ss, ax
		0xbc, 0x00, 0x7c, 0x00, 0x00, // mov esp, 0x7c00
		0xdb, 0xe3, // fninit
		0xd9, 0xe8, // fld1
		0xd9, 0xe8, // fld1
		0xde, 0xc1, // faddp
		0x50,             // push eax
		0xdb, 0x1c, 0x24, // fistp dword [esp]
		0x58,             // pop eax
		0xc1, 0xe0, 0x03, // shl eax, 3
		0xe6, 0xf4, // out 0xf4, al
		0xf4,       // hlt
		0xeb, 0xfd, // jmp to the hlt
		0, 0, 0, 0, 0, 0, 0, 0, // 0x7c38: null segment
		0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0, // 8: all memory as code
		0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0, // 16: all memory as data
		23, 0, 0x38, 0x7c, 0, 0, // 0x7c50: pointer to these three
	),
	args: func(codeFile string) []string {
		return []string{
			"-device", "isa-debug-exit,iobase=0xf4,iosize=1",
			"-blockdev", props{"driver": "file", "node-name": "code", "filename": codeFile}.String(),
			"-device", "ide-hd,drive=code,bootindex=1",
		}
	},
	exit: 33,
}

// bootSector returns a boot sector whose code the firmware runs at 0x7c00.
func bootSector(code ...byte) []byte {
	sector := make([]byte, 512)
	copy(sector, code)
	sector[510], sector[511] = 0x55, 0xaa
	return sector
}

// runProbe reports whether a guest runs on the accelerator within limit. It returns an error
// if it cannot find out.
func runProbe(ctx context.Context, binary, accel string, limit time.Duration) (bool, error) {
	b, err := hostBoard()
	if err != nil {
		return false, err
	}
	code, err := createUnlinkedFile(b.probe.code)
	if err != nil {
		return false, err
	}
	defer code.Close()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append([]string{"-nodefaults", "-no-user-config"}, sandbox...)
	args = append(args, "-M", b.machine, "-accel", accel, "-cpu", cpuModel(accel), "-m", "64M", "-display", "none")
	cmd := exec.CommandContext(limited, binary, append(args, b.probe.args("/dev/fd/3")...)...)
	cmd.ExtraFiles = []*os.File{code}
	cmd.Stderr = &failureWatcher{onFailure: cancel}
	cmd.WaitDelay = time.Second
	err = runWithParent(cmd)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &exit):
		return exit.ExitCode() == b.probe.exit, nil
	case err == nil || limited.Err() != nil:
		return false, nil
	}
	return false, fmt.Errorf("probe the accelerator: %w", err)
}

// createUnlinkedFile returns a file without a name. It disappears when its last descriptor is
// closed, no matter how this process exits.
func createUnlinkedFile(content []byte) (*os.File, error) {
	f, err := os.CreateTemp("", "vmterminal-probe-")
	if err != nil {
		return nil, err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// probeKey identifies what a stored result is valid for.
type probeKey struct {
	Boot    string `json:"boot"`
	Binary  string `json:"binary"`
	Version string `json:"version"`
	Accel   string `json:"accel"`
}

type probeResult struct {
	probeKey
	Works bool `json:"works"`
}

// maxCache is the maximum number of bytes to read from the file with the stored results.
const maxCache = 64 << 10

// loadResult returns the stored result for key, if any.
func loadResult(cacheFile string, key probeKey) (works, ok bool) {
	f, err := os.Open(cacheFile)
	if err != nil {
		return false, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCache))
	if err != nil {
		return false, false
	}
	return parseResult(data, key)
}

func parseResult(data []byte, key probeKey) (works, ok bool) {
	var a probeResult
	if json.Unmarshal(data, &a) != nil || a.probeKey != key {
		return false, false
	}
	return a.Works, true
}

// storeResult stores the latest result, unless the store does not exist yet or cacheFile is
// "". Errors are ignored: the probe then runs again.
func storeResult(cacheFile string, key probeKey, works bool) {
	if cacheFile == "" {
		return
	}
	lock, err := durable.LockFile(cacheFile)
	if err != nil {
		return
	}
	defer lock.Close()
	_ = durable.ReplaceJSON(cacheFile, probeResult{key, works})
}
