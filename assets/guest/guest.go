// Package guest embeds the built-in guest: a Linux kernel, and a small ext4 root file
// system with BusyBox and the agent. assets/guest/build.sh builds them into files/. The
// package only writes them to files and must not depend on VMs, QEMU or Fyne.
package guest

import (
	"embed"
	"errors"
	"io/fs"
	"strings"
)

//go:embed files
var files embed.FS

const (
	kernelFile  = "files/vmlinuz"
	rootFile    = "files/root.ext4.gz"
	agentFile   = "files/agent.gz"
	versionFile = "files/VERSION"
)

// ErrNotBuilt means that the program was built without its guest.
var ErrNotBuilt = errors.New("this program was built without the built-in guest: run `make build`")

// Version lists the guest's components, such as "Linux 7.1.3, BusyBox 1.35.0"; it is
// empty if the guest is not present. digest identifies the exact build.
var Version, digest = readVersion(files)

func readVersion(files fs.FS) (version, digest string) {
	text, err := fs.ReadFile(files, versionFile)
	if err != nil {
		return "", ""
	}
	version, digest, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
	return version, digest
}

// IsPresent reports whether the program contains the guest.
func IsPresent() bool { return Version != "" && len(digest) >= digestLength }
