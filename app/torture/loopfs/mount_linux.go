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

// A Kind is a kind of file system, with what it is made and mounted with.
type Kind struct {
	Name    string
	Size    int64 // of the image, in bytes
	Whole   int64 // bytes at its start that it counts on being written whole
	make    []string
	options string
}

// Kinds are the file systems that power cuts are tried on. Both are mounted so
// that they help a program the least: without ext4's habit of writing a file
// out when it is renamed over another, and with nothing written on its own for
// minutes. Times of reading are not kept, so that looking writes nothing.
var Kinds = []Kind{
	{
		// The superblock is two sectors with one checksum.
		Name: "ext4", Size: 24 << 20, Whole: 4096, options: "noauto_da_alloc,commit=300",
		make: []string{"mkfs.ext4", "-q", "-F", "-b", "4096", "-N", "512", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0"},
	},
	{Name: "xfs", Size: 300 << 20, make: []string{"mkfs.xfs", "-q", "-f", "-l", "size=64m"}},
}

// Format makes an empty file system in a new image.
func (k Kind) Format(image string) error {
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(k.Size), f.Close()); err != nil {
		return err
	}
	command := slices.Concat(k.make, []string{image})
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", command, err, out)
	}
	return nil
}

// Mount mounts an image on a folder. What a crash has left is repaired by the
// file system, as after every power cut.
func (k Kind) Mount(image, dir string) error {
	device, err := attach(image)
	if err != nil {
		return err
	}
	defer device.Close()
	if err := unix.Mount(device.Name(), dir, k.Name, unix.MS_NOATIME, k.options); err != nil {
		return fmt.Errorf("mounting %s of %s on %s: %w", k.Name, image, dir, err)
	}
	return nil
}

// Unmount takes a file system off a folder, waiting a while for who still uses
// it.
func Unmount(dir string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Unmount(dir, 0)
		if err == nil || !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return err
		}
	}
}

// goingDown is XFS_IOC_GOINGDOWN and EXT4_IOC_SHUTDOWN; flagNoLogFlush says that
// nothing is written any more, not even the journal.
const (
	goingDown      = 0x8004587D
	flagNoLogFlush = 2
)

// Shutdown makes a mounted file system stop where it is: what it has not
// written to its device is lost, and all that is asked of it fails, until it is
// unmounted and mounted again.
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
