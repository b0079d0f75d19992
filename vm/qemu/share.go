package qemu

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// ErrNoSharing says that this QEMU was built without what shares folders (9p).
var ErrNoSharing = errors.New("this QEMU cannot share folders (it was built without 9p)")

// Share is a folder of this computer that the guest can mount, as a 9p file system
// named Tag.
type Share struct {
	Path     string
	ReadOnly bool
}

const shareDevice = "virtio-9p-pci"

// Tag is the share's name in the guest. It is made of the path, so that no folder
// is taken for another one when settings change.
func (s Share) Tag() string { return fmt.Sprintf("vmt-%x", sha256.Sum256([]byte(s.Path)))[:24] }

// CheckSharing returns ErrNoSharing for a QEMU that cannot share folders.
func CheckSharing(ctx context.Context, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := exec.CommandContext(ctx, binary, "-device", shareDevice+",help").Run()
	if errors.As(err, new(*exec.ExitError)) && ctx.Err() == nil {
		return ErrNoSharing
	}
	return err
}

// shares are of the model mapped-xattr: owner, mode, links and devices that the
// guest makes are noted in extended attributes, and on this computer there are only
// plain files and folders of the user who runs QEMU, private to him. So no guest
// leaves a program here that runs with rights of its own, nor a link that leads out
// of the folder.
func (m Machine) shares() []string {
	var args []string
	for i, s := range m.Shares {
		id := "share" + strconv.Itoa(i)
		fsdev := "local,id=" + id + ",security_model=mapped-xattr,multidevs=remap"
		if s.ReadOnly {
			fsdev += ",readonly=on"
		}
		// -fsdev takes no JSON; a comma that is doubled is just a comma.
		fsdev += ",path=" + strings.ReplaceAll(s.Path, ",", ",,")
		args = append(args, "-fsdev", fsdev,
			"-device", props{"driver": shareDevice, "id": id + "-dev", "fsdev": id, "mount_tag": s.Tag()}.String())
	}
	return args
}
