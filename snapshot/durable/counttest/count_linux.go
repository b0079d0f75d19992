// Package counttest counts, for tests, how often files are opened and replaced.
package counttest

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// Counts counts the events of one file.
type Counts struct {
	// Opened is how often the file was opened by name, and Replaced how often another file
	// was renamed to its name.
	Opened, Replaced int
}

// Watch counts the events of the files in a folder. The returned function returns the
// counts since its last call, by file name; it may be called until the test ends.
func Watch(t testing.TB, dir string) func() map[string]Counts {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	// The kernel merges equal consecutive events; a close event between two opens keeps
	// them separate.
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_OPEN|unix.IN_CLOSE|unix.IN_MOVED_TO); err != nil {
		t.Fatal(err)
	}
	return func() map[string]Counts {
		counts := map[string]Counts{}
		buf := make([]byte, 64<<10)
		for {
			n, err := unix.Read(fd, buf)
			if err != nil {
				return counts // no more events
			}
			for at := 0; at < n; {
				mask := binary.NativeEndian.Uint32(buf[at+4:])
				length := int(binary.NativeEndian.Uint32(buf[at+12:]))
				name := string(bytes.TrimRight(buf[at+unix.SizeofInotifyEvent:at+unix.SizeofInotifyEvent+length], "\x00"))
				at += unix.SizeofInotifyEvent + length
				c := counts[name]
				switch {
				case mask&unix.IN_Q_OVERFLOW != 0:
					t.Fatal("the kernel's event queue overflowed")
				case mask&unix.IN_MOVED_TO != 0:
					c.Replaced++
				case mask&unix.IN_OPEN != 0:
					c.Opened++
				default: // closed
				}
				counts[name] = c
			}
		}
	}
}
