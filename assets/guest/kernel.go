package guest

import (
	"io"
	"os"
	"path/filepath"
	"strings"

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
	if have, err := os.Stat(path); err == nil && have.Mode().IsRegular() && have.Size() == info.Size() {
		return path, nil
	}
	if err := ondisk.MakeDir(folder); err != nil {
		return "", err
	}
	return path, ondisk.Replace(path, func(w io.Writer) error {
		_, err := io.Copy(w, kernel)
		return err
	})
}

// commandLine is what the kernel needs to know. pci=noacpi spares it half a
// second of interpreting interrupt tables that virtio's MSI-X does not use;
// reboot=p resets by port 0xcf9 at once, also where there is no keyboard
// controller to ask for it.
// Without no_timer_check it waits for timer interrupts in a busy loop, and
// panics when the host is too busy to emulate them in time.
const commandLine = "console=ttyS0 root=/dev/vda rw rootfstype=ext4 init=/sbin/init " +
	"quiet loglevel=3 panic=10 no_timer_check pci=noacpi reboot=p TERM=xterm-256color"

// CommandLine returns the kernel's command line. The guest is called hostname,
// with what is not allowed in one replaced by hyphens; a name in the guest's
// own /etc/hostname goes before it.
func CommandLine(hostname string) string {
	return commandLine + " vmterminal.hostname=" + cleanHostname(hostname)
}

// maxHostname is the longest label in DNS; Linux would allow one more.
const maxHostname = 63

func cleanHostname(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
		if b.Len() == maxHostname {
			break
		}
	}
	if clean := strings.Trim(b.String(), "-."); clean != "" {
		return clean
	}
	return "vmterminal"
}
