package supervisor

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

// ErrSocketDir means that sockets cannot be in the store, and that the folder for them
// outside the store is owned by or accessible to other users.
var ErrSocketDir = errors.New("not a private folder of this user")

// runDirs returns the folders for the VMs' sockets in order of preference: runDir, which
// is in the store, and two outside it, for stores whose file system does not support
// sockets or whose path is too long. Processes of one user may differ in XDG_RUNTIME_DIR.
func runDirs(runDir string) []string {
	dirs := []string{runDir}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && checkPrivate(dir) == nil {
		dirs = append(dirs, filepath.Join(dir, "vmterminal"))
	}
	return append(dirs, fmt.Sprintf("/tmp/vmterminal-%d", os.Geteuid())) // $TMPDIR may differ between processes
}

// checkPrivate returns ErrSocketDir unless the folder is owned by this user and not
// accessible to others.
func checkPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) != os.Geteuid() || !info.IsDir() || info.Mode().Perm()&^durable.DirMode != 0 {
		return fmt.Errorf("%w: %s", ErrSocketDir, dir)
	}
	return nil
}

// socketName returns the name of the folder for one VM's sockets. It is short because
// the length of socket paths is limited.
func socketName(dir home.VMDir) string {
	path := string(dir)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	sum := sha256.Sum256([]byte(path))
	return fmt.Sprintf("%x", sum[:6])
}

// socketDirs returns the folders that may contain a VM's sockets; see runDirs. It skips
// folders outside the store that are accessible to other users.
func socketDirs(runDir string, dir home.VMDir) []qemu.Sockets {
	var found []qemu.Sockets
	name := socketName(dir)
	for i, parent := range runDirs(runDir) {
		if i == 0 || checkPrivate(parent) == nil {
			found = append(found, qemu.Sockets(filepath.Join(parent, name)))
		}
	}
	return found
}

// createSocketDir creates the folder for a VM's sockets in the first of runDirs where
// sockets work. If they work in none, it returns the error for the last one.
func createSocketDir(runDir string, dir home.VMDir) (qemu.Sockets, error) {
	var err error
	for i, parent := range runDirs(runDir) {
		if i > 0 {
			if err = os.Mkdir(parent, durable.DirMode); err != nil && !errors.Is(err, fs.ErrExist) {
				continue
			}
			if err = checkPrivate(parent); err != nil {
				continue
			}
		}
		s := qemu.Sockets(filepath.Join(parent, socketName(dir)))
		if err = checkSocketDir(s); err == nil {
			return s, nil
		}
		_ = os.Remove(string(s)) // it is empty
	}
	return "", err
}

// checkSocketDir creates a folder and returns an error if sockets do not work in it.
func checkSocketDir(s qemu.Sockets) error {
	if err := qemu.CheckSocketPath(s.Agent()); err != nil { // the longest path
		return err
	}
	if err := durable.MakeDir(string(s)); err != nil {
		return err
	}
	if err := removeFile(apiSocket(s)); err != nil {
		return err
	}
	l, err := net.Listen("unix", apiSocket(s))
	if err != nil {
		return err
	}
	return l.Close() // also removes the socket
}

// apiSocket returns the path of the supervisor's API socket.
func apiSocket(s qemu.Sockets) string { return filepath.Join(string(s), "api") }

// FindRunDir returns the folder that will be used for the sockets of VMs, but does not
// create it. hasSockets must be true if the store's file system supports sockets. If no
// folder is suitable, the error is qemu.ErrPathTooLong or ErrSocketDir.
func FindRunDir(runDir string, hasSockets bool) (string, error) {
	var err error
	for i, parent := range runDirs(runDir) {
		if i == 0 && !hasSockets {
			continue
		}
		if err = qemu.CheckSocketPath(qemu.Sockets(filepath.Join(parent, socketName(""))).Agent()); err != nil {
			continue
		}
		if i == 0 {
			return parent, nil
		}
		if err = checkPrivate(parent); err == nil || errors.Is(err, fs.ErrNotExist) {
			return parent, nil
		}
	}
	return "", err
}

// removeSockets removes the sockets and their folder s, but no other files, because s may
// be a path from a record.
func removeSockets(s qemu.Sockets) error {
	var errs []error
	for _, path := range []string{s.QMP(), s.Console(), s.Agent(), s.NBD(), apiSocket(s), string(s)} {
		errs = append(errs, removeFile(path))
	}
	return errors.Join(errs...)
}
