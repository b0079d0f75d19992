package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestCallerDescriptorsAreNotInherited starts a VM from a process that has inherited a
// descriptor, such as the lock of a script.
func TestCallerDescriptorsAreNotInherited(t *testing.T) {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil { // unlike os.Pipe: children inherit it
		t.Fatal(err)
	}
	for _, fd := range ends {
		defer os.NewFile(uintptr(fd), "pipe").Close()
	}
	pipe, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", ends[0]))
	if err != nil {
		t.Fatal(err)
	}
	v := newVM(t)
	s := v.state(v.start())
	for name, pid := range map[string]int{"supervisor": s.PID, "QEMU": s.QEMUPID} {
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil || len(links) == 0 {
			t.Fatalf("%s: got %d descriptors, %v; want at least one", name, len(links), err)
		}
		for _, link := range links {
			if to, _ := os.Readlink(link); to == pipe {
				t.Errorf("the %s inherited its caller's descriptor %s", name, link)
			}
		}
	}
}
