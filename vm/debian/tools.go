package debian

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrTools says that programs are missing on this host. It comes as a *Missing.
var ErrTools = errors.New("building Debian from packages needs programs that are not installed")

// Missing is what has to be installed first.
type Missing struct{ Packages []string } // by Debian's names

func (m *Missing) Error() string {
	return fmt.Sprintf("%v: %s", ErrTools, strings.Join(m.Packages, ", "))
}

// Unwrap returns ErrTools.
func (m *Missing) Unwrap() error { return ErrTools }

// ErrHost says that this computer is of a kind for which nothing can be built.
var ErrHost = errors.New("only on Linux and amd64 is Debian built from packages")

// keyring is what Debian's packages are checked with, on hosts that are another
// system too.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// CheckTools returns a *Missing if something is not installed that Open needs,
// ErrHost where nothing helps.
func CheckTools() error {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return ErrHost
	}
	needed := []struct{ program, pkg string }{
		{"mmdebstrap", "mmdebstrap"},
		{"apt-get", "apt"},
		{"tar", "tar"},
		{"mke2fs", "e2fsprogs"},
		{"debugfs", "e2fsprogs"},
	}
	if !isRoot() {
		needed = append(needed, []struct{ program, pkg string }{{"newuidmap", "uidmap"}, {"fakeroot", "fakeroot"}}...)
	}
	missing := &Missing{}
	add := func(pkg string) {
		if n := len(missing.Packages); n == 0 || missing.Packages[n-1] != pkg {
			missing.Packages = append(missing.Packages, pkg)
		}
	}
	for _, n := range needed {
		if _, err := findTool(n.program); err != nil {
			add(n.pkg)
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		add("debian-archive-keyring")
	}
	if len(missing.Packages) > 0 {
		return missing
	}
	return nil
}

func isRoot() bool { return os.Geteuid() == 0 }

// findTool finds a program also where only root's PATH leads.
func findTool(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, found := exec.LookPath(filepath.Join(dir, name)); found == nil {
			return path, nil
		}
	}
	return "", err
}

// toolEnv is the environment of the tools: their messages are read here, and one
// of them starts others.
func toolEnv(more ...string) []string {
	env := append(os.Environ(), "LC_ALL=C.UTF-8", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	return append(env, more...)
}
