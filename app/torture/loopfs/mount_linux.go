package loopfs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A Kind is a type of file system with its mkfs and mount options.
type Kind struct {
	Name    string
	Size    int64 // of the image, in bytes
	Whole   int64 // bytes at its start that it expects to be written atomically
	mkfs    []string
	options string
}

// Kinds are the file systems for power cuts, with the options that help programs the least: ext4
// does not flush a file that is renamed over another, and nothing is written back for minutes.
// noatime prevents writes caused by reading.
var Kinds = []Kind{
	{
		// The superblock is two sectors with one checksum.
		Name: "ext4", Size: 24 << 20, Whole: 4096, options: "noauto_da_alloc,commit=300",
		mkfs: []string{"mkfs.ext4", "-q", "-F", "-b", "4096", "-N", "512", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0"},
	},
	{Name: "xfs", Size: 300 << 20, mkfs: []string{"mkfs.xfs", "-q", "-f", "-l", "size=64m"}},
}

// Format creates an empty file system in a new image.
func (k Kind) Format(image string) error {
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(k.Size), f.Close()); err != nil {
		return err
	}
	command := slices.Concat(k.mkfs, []string{image})
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", command, err, out)
	}
	return nil
}

// Mount mounts an image on a folder. The file system recovers from a crash, as after a power cut.
func (k Kind) Mount(image, dir string) error {
	device, err := attachLoop(image)
	if err != nil {
		return err
	}
	defer device.Close()
	if err := unix.Mount(device.Name(), dir, k.Name, unix.MS_NOATIME, k.options); err != nil {
		return fmt.Errorf("mounting %s of %s on %s: %w", k.Name, image, dir, err)
	}
	return nil
}

// Unmount unmounts a folder, and retries for a while if it is busy.
func Unmount(dir string) error {
	for deadline := time.Now().Add(busyLimit); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Unmount(dir, 0)
		if err == nil || !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return err
		}
	}
}

// goingDown is XFS_IOC_GOINGDOWN and EXT4_IOC_SHUTDOWN. With flagNoLogFlush nothing is written any
// more, not even the journal.
const (
	goingDown      = 0x8004587D
	flagNoLogFlush = 2
)

// Shutdown stops a mounted file system: data that is not on the device is lost, and all requests
// fail until it is unmounted.
func Shutdown(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.IoctlSetPointerInt(int(d.Fd()), goingDown, flagNoLogFlush); err != nil {
		return fmt.Errorf("shutting the file system of %s down: %w", dir, err)
	}
	return nil
}
