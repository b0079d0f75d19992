package client

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

// RunDirs returns the folders for the VMs' sockets in order of preference: runDir, which
// is in the store, and two outside it, for stores whose file system does not support
// sockets or whose path is too long. Processes of one user may differ in XDG_RUNTIME_DIR.
func RunDirs(runDir string) []string {
	dirs := []string{runDir}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && CheckPrivate(dir) == nil {
		dirs = append(dirs, filepath.Join(dir, "vmterminal"))
	}
	return append(dirs, fmt.Sprintf("/tmp/vmterminal-%d", os.Geteuid())) // $TMPDIR may differ between processes
}

// CheckPrivate returns ErrSocketDir unless the folder is owned by this user and not
// accessible to others.
func CheckPrivate(dir string) error {
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

// SocketName returns the name of the folder for one VM's sockets. It is short because
// the length of socket paths is limited.
func SocketName(dir home.VMDir) string {
	path := string(dir)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	sum := sha256.Sum256([]byte(path))
	return fmt.Sprintf("%x", sum[:6])
}

// SocketDirs returns the folders that may contain a VM's sockets; see RunDirs. It skips
// folders outside the store that are accessible to other users.
func SocketDirs(runDir string, dir home.VMDir) []qemu.Sockets {
	var found []qemu.Sockets
	name := SocketName(dir)
	for i, parent := range RunDirs(runDir) {
		if i == 0 || CheckPrivate(parent) == nil {
			found = append(found, qemu.Sockets(filepath.Join(parent, name)))
		}
	}
	return found
}

// APISocket returns the path of the supervisor's API socket.
func APISocket(s qemu.Sockets) string { return filepath.Join(string(s), "api") }

// FindRunDir returns the folder that will be used for the sockets of VMs, but does not
// create it. hasSockets must be true if the store's file system supports sockets. If no
// folder is suitable, the error is qemu.ErrPathTooLong or ErrSocketDir.
func FindRunDir(runDir string, hasSockets bool) (string, error) {
	var err error
	for i, parent := range RunDirs(runDir) {
		if i == 0 && !hasSockets {
			continue
		}
		if err = qemu.CheckSocketPath(qemu.Sockets(filepath.Join(parent, SocketName(""))).Agent()); err != nil {
			continue
		}
		if i == 0 {
			return parent, nil
		}
		if err = CheckPrivate(parent); err == nil || errors.Is(err, fs.ErrNotExist) {
			return parent, nil
		}
	}
	return "", err
}
