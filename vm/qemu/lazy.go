package qemu

import (
	"errors"
	"path/filepath"
)

// Names of the nodes of a lazy disk; see package lazydisk.
const (
	overlayNode     = "ovl0"
	overlayFileNode = "ovl0-file"
	sourceNode      = "source"
	sourceFileNode  = "source-file"
)

// LazyDisk is a disk that is still being filled in: the guest's writes go to Overlay, and all
// other contents come from the source. [BeginSettling] makes the file the guest's disk once it
// has the contents of the source. If the source or the overlay fails, QEMU pauses the guest.
type LazyDisk struct {
	// Overlay is a qcow2 file of the size of the disk.
	Overlay string

	// Socket is the NBD server of a source, which is its default export. Instead, Image can
	// name a file in the format ImageFormat, "raw" or "qcow2", which may be shorter than the
	// disk.
	Socket             string
	Image, ImageFormat string
}

func (l LazyDisk) check() error {
	switch {
	case !filepath.IsAbs(l.Overlay):
		return errors.New("the path of the overlay is not absolute")
	case (l.Socket == "") == (l.Image == ""):
		return errors.New("not exactly one source of a lazy disk")
	case l.Image != "" && (!filepath.IsAbs(l.Image) || l.ImageFormat != "raw" && l.ImageFormat != "qcow2"):
		return errors.New("an invalid image as the source of a lazy disk")
	case l.Socket != "":
		return CheckSocketPath(l.Socket)
	}
	return nil
}

// reconnectDelay is for how many seconds QEMU tries to reach the server of a source again
// before a read fails. Until then QEMU does not execute commands that wait for reads.
const reconnectDelay = 5

func (l LazyDisk) args() []string {
	var args []string
	if l.Socket != "" {
		args = append(args, "-blockdev", props{
			"driver": "nbd", "node-name": sourceNode, "read-only": true, "reconnect-delay": reconnectDelay,
			"server": props{"type": "unix", "path": l.Socket},
		}.String())
	} else {
		args = append(args,
			"-blockdev", props{"driver": "file", "node-name": sourceFileNode, "filename": l.Image, "read-only": true}.String(),
			"-blockdev", l.imageProps().String(),
		)
	}
	return append(args,
		"-blockdev", fileProps(overlayFileNode, l.Overlay).String(),
		"-blockdev", props{
			"driver": "qcow2", "node-name": overlayNode, "file": overlayFileNode, "backing": sourceNode,
			"discard": "unmap", "detect-zeroes": "unmap", "cache": hostCache,
		}.String(),
		"-device", props{
			"driver": "virtio-blk-pci", "id": diskDevice, "drive": overlayNode, "bootindex": 1,
			"rerror": "stop", "werror": "stop",
		}.String(),
	)
}

func (l LazyDisk) imageProps() props {
	p := props{"driver": l.ImageFormat, "node-name": sourceNode, "file": sourceFileNode, "read-only": true}
	if l.ImageFormat == "qcow2" {
		p["backing"] = nil // whatever the file says
	}
	return p
}
