package qemu

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"vmterminal/app/ondisk"
)

// ErrPathTooLong says that the system takes no socket path that long. The way
// out is a store with a shorter path.
var ErrPathTooLong = errors.New("path too long for a socket")

// maxSocketPath is the longest path of a unix socket, in bytes: 107 on Linux.
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// CheckSocketPath returns ErrPathTooLong for a path that no socket can have.
func CheckSocketPath(path string) error {
	if len(path) > maxSocketPath {
		return fmt.Errorf("%w (%d bytes, at most %d): %s", ErrPathTooLong, len(path), maxSocketPath, path)
	}
	return nil
}

// Sockets is the private folder of one running VM's sockets.
type Sockets string

// QMP takes one client at a time.
func (s Sockets) QMP() string { return filepath.Join(string(s), "qmp") }

// Console is the guest's serial terminal; one client at a time, who must read.
func (s Sockets) Console() string { return filepath.Join(string(s), "tty") }

// Agent is the far end of AgentPort; one client at a time, who must read.
func (s Sockets) Agent() string { return filepath.Join(string(s), "agent") }

// NBD is for PointInTime.
func (s Sockets) NBD() string { return filepath.Join(string(s), "nbd") }

// Descriptors of the listening sockets inside QEMU: os/exec hands extra files
// on from 3.
const (
	qmpFD = 3 + iota
	consoleFD
	agentFD
)

// Listeners are the sockets that QEMU will answer on. They listen before QEMU
// starts, so a client can connect at once and never finds half a start.
type Listeners struct{ files []*os.File }

// Listen makes the folder private and listens on the sockets in it; what an
// earlier run left under their names is removed. A folder whose path is too
// long is ErrPathTooLong. The sockets' files are the caller's to remove when
// QEMU has left.
func Listen(s Sockets) (*Listeners, error) {
	if err := privateDir(string(s)); err != nil {
		return nil, err
	}
	l := &Listeners{}
	for _, path := range []string{s.QMP(), s.Console(), s.Agent()} { // in the order of the descriptors
		f, err := listen(path)
		if err != nil {
			l.Close()
			return nil, err
		}
		l.files = append(l.files, f)
	}
	return l, nil
}

// Files are to be the first ExtraFiles of QEMU's process. They stay owned by
// the Listeners.
func (l *Listeners) Files() []*os.File { return append([]*os.File(nil), l.files...) }

// Close gives up this process's share; call it when QEMU has started, or else
// clients would wait for ever after QEMU has left.
func (l *Listeners) Close() {
	for _, f := range l.files {
		f.Close()
	}
}

func listen(path string) (*os.File, error) {
	if err := CheckSocketPath(path); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }()
	l.SetUnlinkOnClose(false)
	if err := os.Chmod(path, ondisk.FileMode); err != nil {
		return nil, err
	}
	return l.File()
}

func privateDir(dir string) error {
	if err := os.MkdirAll(dir, ondisk.DirMode); err != nil {
		return err
	}
	return os.Chmod(dir, ondisk.DirMode)
}
