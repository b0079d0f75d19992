package qemu

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"vmterminal/snapshot/durable"
)

// ErrPathTooLong means that a path is too long for a unix socket. Moving the store to a
// shorter path helps.
var ErrPathTooLong = errors.New("path too long for a socket")

// maxSocketPath is the maximum length of a unix socket's path in bytes: 107 on Linux.
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// CheckSocketPath returns ErrPathTooLong if the path is too long for a socket.
func CheckSocketPath(path string) error {
	if len(path) > maxSocketPath {
		return fmt.Errorf("%w (%d bytes, at most %d): %s", ErrPathTooLong, len(path), maxSocketPath, path)
	}
	return nil
}

// Sockets is the private folder for one running VM's sockets. Its methods return their paths.
type Sockets string

// QMP is QEMU's control socket. It accepts one client at a time.
func (s Sockets) QMP() string { return filepath.Join(string(s), "qmp") }

// Console is the guest's serial terminal. It accepts one client at a time, which must keep
// reading.
func (s Sockets) Console() string { return filepath.Join(string(s), "tty") }

// Agent is the host's end of AgentPort. It accepts one client at a time, which must keep
// reading.
func (s Sockets) Agent() string { return filepath.Join(string(s), "agent") }

// NBD is the NBD server's socket for a PointInTime.
func (s Sockets) NBD() string { return filepath.Join(string(s), "nbd") }

// Source is the NBD server's socket for the source of a lazy disk.
func (s Sockets) Source() string { return filepath.Join(string(s), "src") }

// Descriptors of the listening sockets in QEMU: os/exec passes extra files from 3 on.
const (
	qmpFD = 3 + iota
	consoleFD
	agentFD
)

// Listeners holds the listening sockets for QEMU. They exist before QEMU starts, so clients
// can connect at once.
type Listeners struct{ files []*os.File }

// Listen creates the private folder and listens on the sockets in it, replacing sockets of an
// earlier run. If the folder's path is too long, the error is ErrPathTooLong. The caller must
// remove the socket files when QEMU has exited.
func Listen(s Sockets) (*Listeners, error) {
	if err := makePrivateDir(string(s)); err != nil {
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

// Files returns the first ExtraFiles for QEMU's process. The Listeners still owns them.
func (l *Listeners) Files() []*os.File { return append([]*os.File(nil), l.files...) }

// Close closes this process's copies. Call it after starting QEMU, or clients would wait
// forever after QEMU has exited.
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
	if err := os.Chmod(path, durable.FileMode); err != nil {
		return nil, err
	}
	return l.File()
}

func makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, durable.DirMode); err != nil {
		return err
	}
	return os.Chmod(dir, durable.DirMode)
}
