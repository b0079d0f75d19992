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

// ErrNoSharing means that QEMU was built without support for shared folders (9p).
var ErrNoSharing = errors.New("this QEMU cannot share folders (it was built without 9p)")

// Share is a folder of the host that the guest can mount as a 9p file system named Tag.
type Share struct {
	Path     string
	ReadOnly bool
}

const shareDevice = "virtio-9p-pci"

// Tag returns the share's name in the guest. It is derived from the path, so that changed
// settings never give the guest another folder under the same name.
func (s Share) Tag() string { return fmt.Sprintf("vmt-%x", sha256.Sum256([]byte(s.Path)))[:24] }

// CheckSharing returns ErrNoSharing if QEMU cannot share folders.
func CheckSharing(ctx context.Context, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := exec.CommandContext(ctx, binary, "-device", shareDevice+",help").Run()
	if errors.As(err, new(*exec.ExitError)) && ctx.Err() == nil {
		return ErrNoSharing
	}
	return err
}

// shareArgs returns the arguments for the shared folders. In the security model mapped-xattr,
// owners, modes, links and devices that the guest creates are stored in extended attributes.
// The host sees only plain files and folders that belong to the user who runs QEMU and that
// only this user can access. So a guest cannot create a setuid program on the host, nor a
// link that leads out of the folder.
func (m Machine) shareArgs() []string {
	var args []string
	for i, s := range m.Shares {
		id := "share" + strconv.Itoa(i)
		fsdev := "local,id=" + id + ",security_model=mapped-xattr,multidevs=remap"
		if s.ReadOnly {
			fsdev += ",readonly=on"
		}
		// -fsdev does not take JSON; commas are escaped by doubling them.
		fsdev += ",path=" + strings.ReplaceAll(s.Path, ",", ",,")
		args = append(args, "-fsdev", fsdev,
			"-device", props{"driver": shareDevice, "id": id + "-dev", "fsdev": id, "mount_tag": s.Tag()}.String())
	}
	return args
}
