package guest

import (
	"io"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
)

// digestLength is how much of the digest names a folder.
const digestLength = 12

// KernelFile makes sure that the kernel is in a folder of its version in dir,
// durably, and returns its path. dir is created if needed. Files of other
// versions are left alone: running VMs may use them.
func KernelFile(dir string) (path string, err error) {
	if !Present() {
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
	if isWhole(path, info.Size()) {
		return path, nil
	}
	if err := ondisk.MakeDir(folder); err != nil {
		return "", err
	}
	lock, err := ondisk.LockFile(path)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if isWhole(path, info.Size()) { // by another process, meanwhile
		return path, nil
	}
	return path, ondisk.Replace(path, func(w io.Writer) error {
		_, err := io.Copy(w, kernel)
		return err
	})
}

func isWhole(path string, size int64) bool {
	have, err := os.Stat(path)
	return err == nil && have.Mode().IsRegular() && have.Size() == size
}

// commandLine is what the kernel needs to know. pci=noacpi spares it half a
// second of interpreting interrupt tables that virtio's MSI-X does not use;
// reboot=p resets by port 0xcf9 at once, also where there is no keyboard
// controller to ask for it.
// Without no_timer_check it waits for timer interrupts in a busy loop, and
// panics when the host is too busy to emulate them in time.
const commandLine = "console=ttyS0 root=/dev/vda rw rootfstype=ext4 init=/sbin/init " +
	"quiet loglevel=3 panic=10 no_timer_check pci=noacpi reboot=p TERM=xterm-256color"

// CommandLine returns the kernel's command line for a guest that is called
// hostname, unless its owner chose another name, in the VM of that ID; both are
// words without blanks. By the ID the guest knows, before its network is up,
// whether its disk was another VM's. "" leaves that to its agent.
func CommandLine(hostname, id string) string {
	line := commandLine + " vmterminal.hostname=" + hostname
	if id != "" {
		line += " vmterminal.id=" + id
	}
	return line
}
