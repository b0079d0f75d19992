// Package guest carries the built-in guest: a Linux kernel, and a small ext4
// root with busybox and the agent, as assets/guest/build.sh puts them into
// files/. It writes them out; it knows neither VMs nor QEMU, and draws nothing.
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

// Version says what the guest is made of, such as "Linux 7.1.3, BusyBox 1.35.0";
// empty if it is not present. digest names its exact bytes.
var Version, digest = readVersion(files)

func readVersion(files fs.FS) (version, digest string) {
	text, err := fs.ReadFile(files, versionFile)
	if err != nil {
		return "", ""
	}
	version, digest, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
	return version, digest
}

// Present tells whether the program carries the guest.
func Present() bool { return Version != "" && len(digest) >= digestLength }
