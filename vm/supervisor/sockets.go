package supervisor

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// createSocketDir creates the folder for a VM's sockets in the first of RunDirs where
// sockets work. If they work in none, it returns the error for the last one.
func createSocketDir(runDir string, dir home.VMDir) (qemu.Sockets, error) {
	var err error
	for i, parent := range client.RunDirs(runDir) {
		if i > 0 {
			if err = os.Mkdir(parent, durable.DirMode); err != nil && !errors.Is(err, fs.ErrExist) {
				continue
			}
			if err = client.CheckPrivate(parent); err != nil {
				continue
			}
		}
		s := qemu.Sockets(filepath.Join(parent, client.SocketName(dir)))
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
	if err := removeFile(client.APISocket(s)); err != nil {
		return err
	}
	l, err := net.Listen("unix", client.APISocket(s))
	if err != nil {
		return err
	}
	return l.Close() // also removes the socket
}

// removeSockets removes the sockets and their folder s, but no other files, because s may
// be a path from a record.
func removeSockets(s qemu.Sockets) error {
	var errs []error
	for _, path := range []string{s.QMP(), s.Console(), s.Agent(), s.NBD(), s.Source(), client.APISocket(s), string(s)} {
		errs = append(errs, removeFile(path))
	}
	return errors.Join(errs...)
}
