package host

import (
	"os"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"
)

func TestUsageOfThisProcess(t *testing.T) {
	debug.FreeOSMemory() // so that nothing is given back meanwhile
	before := usage(os.Getpid())
	if before.Memory < 1<<20 || before.Memory > 64<<30 {
		t.Errorf("memory: %d", before.Memory)
	}
	const more = 256 << 20
	kept, err := unix.Mmap(-1, 0, more, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(kept) }()
	for again := true; again; again = usage(os.Getpid()).CPUTime <= before.CPUTime {
		for at := 0; at < more; at += 512 {
			kept[at]++
		}
	}
	if after := usage(os.Getpid()); after.Memory < before.Memory+more/2 {
		t.Errorf("memory: %d with %d more, %d before", after.Memory, more, before.Memory)
	}
	if none := usage(0); none != (Usage{}) {
		t.Errorf("of no process: %+v", none)
	}
}
