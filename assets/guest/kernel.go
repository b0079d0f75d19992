package guest

import (
	"io"
	"os"
	"path/filepath"

	"vmterminal/snapshot/durable"
)

// digestLength is the number of characters of the digest in the name of a folder.
const digestLength = 12

// KernelFile writes the kernel durably to this version's folder in dir, unless the file exists,
// and returns its path. It creates dir if necessary. It does not remove the files of other
// versions, which running VMs may use.
func KernelFile(dir string) (path string, err error) {
	if !IsPresent() {
		return "", ErrNotBuilt
	}
	kernel, err := files.Open(kernelFile)
	if err != nil {
		return "", err
	}
	defer func() { _ = kernel.Close() }()
	info, err := kernel.Stat()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(dir, "builtin-"+digest[:digestLength])
	path = filepath.Join(folder, filepath.Base(kernelFile))
	if hasSize(path, info.Size()) {
		return path, nil
	}
	if err := durable.MakeDir(folder); err != nil {
		return "", err
	}
	lock, err := durable.LockFile(path)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if hasSize(path, info.Size()) { // another process has written it
		return path, nil
	}
	return path, durable.Replace(path, func(w io.Writer) error {
		_, err := io.Copy(w, kernel)
		return err
	})
}

func hasSize(path string, size int64) bool {
	have, err := os.Stat(path)
	return err == nil && have.Mode().IsRegular() && have.Size() == size
}

// commandLine is the constant part of the kernel command line. pci=noacpi saves half a
// second for interpreting interrupt tables that virtio's MSI-X does not use. reboot=p
// resets through port 0xcf9, which also works without a keyboard controller. Without
// no_timer_check the kernel waits for timer interrupts in a busy loop and panics if the
// host is too busy to emulate them in time.
const commandLine = "console=ttyS0 root=/dev/vda rw rootfstype=ext4 init=/sbin/init " +
	"quiet loglevel=3 panic=10 no_timer_check pci=noacpi reboot=p TERM=xterm-256color"

// CommandLine returns the kernel command line for the guest of the VM with this ID. A hostname
// configured in the guest takes precedence over hostname. Neither argument may contain spaces.
// The ID lets the guest detect a disk copied from another VM before its network is up; if id is
// "", the agent detects it later.
func CommandLine(hostname, id string) string {
	line := commandLine + " vmterminal.hostname=" + hostname
	if id != "" {
		line += " vmterminal.id=" + id
	}
	return line
}
