package hostcmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vmterminal/app/doctor"
)

// packageManager is a package manager. packages maps each tool to the package that contains it; a tool
// that is not in the map has no package.
type packageManager struct {
	program   string
	install   string // command line that package names are appended to
	needsRoot bool
	packages  map[doctor.Tool]string
}

// packageManagers lists the package managers and their package names. apt-get comes after the managers
// of distributions that also offer Debian's tools, for building Debian.
var packageManagers = []packageManager{
	{"dnf", "dnf install", true, map[doctor.Tool]string{
		doctor.QEMU: "qemu-system-x86-core", doctor.QEMUImg: "qemu-img", doctor.OVMF: "edk2-ovmf", doctor.SSH: "openssh-clients",
		doctor.Mmdebstrap: "mmdebstrap", doctor.APTGet: "apt", doctor.Tar: "tar", doctor.MkE2fs: "e2fsprogs",
		doctor.DebugFS: "e2fsprogs", doctor.NewUIDMap: "shadow-utils", doctor.Fakeroot: "fakeroot", doctor.Keyring: "debian-keyring",
	}},
	{"pacman", "pacman -S", true, map[doctor.Tool]string{
		doctor.QEMU: "qemu-system-x86", doctor.QEMUImg: "qemu-img", doctor.OVMF: "edk2-ovmf", doctor.SSH: "openssh",
		doctor.Tar: "tar", doctor.MkE2fs: "e2fsprogs", doctor.DebugFS: "e2fsprogs", doctor.NewUIDMap: "shadow",
		doctor.Fakeroot: "fakeroot", doctor.Keyring: "debian-archive-keyring",
	}},
	{"zypper", "zypper install", true, map[doctor.Tool]string{
		doctor.QEMU: "qemu-x86", doctor.QEMUImg: "qemu-tools", doctor.OVMF: "qemu-ovmf-x86_64", doctor.SSH: "openssh-clients",
		doctor.Tar: "tar", doctor.MkE2fs: "e2fsprogs", doctor.DebugFS: "e2fsprogs", doctor.NewUIDMap: "shadow",
		doctor.Fakeroot: "fakeroot",
	}},
	{"apk", "apk add", true, map[doctor.Tool]string{
		doctor.QEMU: "qemu-system-x86_64", doctor.QEMUImg: "qemu-img", doctor.OVMF: "ovmf", doctor.SSH: "openssh-client-default",
		doctor.Tar: "tar", doctor.MkE2fs: "e2fsprogs", doctor.DebugFS: "e2fsprogs-extra", doctor.NewUIDMap: "shadow-uidmap",
		doctor.Fakeroot: "fakeroot",
	}},
	{"apt-get", "apt-get install", true, map[doctor.Tool]string{
		doctor.QEMU: "qemu-system-x86", doctor.QEMUImg: "qemu-utils", doctor.OVMF: "ovmf", doctor.SSH: "openssh-client",
		doctor.Mmdebstrap: "mmdebstrap", doctor.APTGet: "apt", doctor.Tar: "tar", doctor.MkE2fs: "e2fsprogs",
		doctor.DebugFS: "e2fsprogs", doctor.NewUIDMap: "uidmap", doctor.Fakeroot: "fakeroot", doctor.Keyring: "debian-archive-keyring",
	}},
	{"brew", "brew install", false, map[doctor.Tool]string{ // Homebrew refuses to run as root
		doctor.QEMU: "qemu", doctor.QEMUImg: "qemu", doctor.OVMF: "qemu", doctor.SSH: "openssh",
	}},
}

// programDirs lists where package managers are installed. PATH may contain other programs with
// these names: Debian's /usr/games/pacman is a game.
var programDirs = []string{"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin"}

// Install returns the command that installs tools with this system's package manager. ok is
// false if the package manager is unknown or has no package for one of the tools.
func Install(tools ...doctor.Tool) (command string, ok bool) {
	return detectMachine().installCommand(tools)
}

// findManager returns the system's package manager, or nil if it is unknown.
func findManager(exists func(path string) bool) *packageManager {
	for i, m := range packageManagers {
		if slices.ContainsFunc(programDirs, func(dir string) bool { return exists(filepath.Join(dir, m.program)) }) {
			return &packageManagers[i]
		}
	}
	return nil
}

func (h machine) installCommand(tools []doctor.Tool) (command string, ok bool) {
	if h.manager == nil || len(tools) == 0 {
		return "", false
	}
	var packages []string
	for _, t := range tools {
		name, ok := h.manager.packages[t]
		if !ok {
			return "", false
		}
		if !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	command = h.manager.install + " " + strings.Join(packages, " ")
	if h.manager.needsRoot {
		command = h.addSudo(command)
	}
	return command, true
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
