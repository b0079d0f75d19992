package supervisor

import (
	"os"
	"runtime/debug"
	"testing"

	"vmterminal/vm/supervisor/client"

	"golang.org/x/sys/unix"
)

func TestUsage(t *testing.T) {
	debug.FreeOSMemory() // so that memory is not released during the test
	before := processUsage(os.Getpid())
	if before.Memory < 1<<20 || before.Memory > 64<<30 {
		t.Errorf("got %d bytes of memory, want 1 MiB to 64 GiB", before.Memory)
	}
	const more = 256 << 20
	memory, err := unix.Mmap(-1, 0, more, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(memory) }()
	for again := true; again; again = processUsage(os.Getpid()).CPUTime <= before.CPUTime {
		for at := 0; at < more; at += 512 {
			memory[at]++
		}
	}
	if after := processUsage(os.Getpid()); after.Memory < before.Memory+more/2 {
		t.Errorf("got %d bytes of memory, want more: it was %d before allocating %d", after.Memory, before.Memory, more)
	}
	if none := processUsage(0); none != (client.Usage{}) {
		t.Errorf("pid 0: got %+v, want the zero value", none)
	}
}
