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

// ErrTools means that programs are missing on this host. It is wrapped in a *Missing.
var ErrTools = errors.New("programs for building Debian are not installed")

// Missing is the error if programs or keys must be installed first.
type Missing struct {
	// Tools contains names of programs, and Keyring if the keys are missing.
	Tools []string
}

func (m *Missing) Error() string {
	return fmt.Sprintf("%v: %s", ErrTools, strings.Join(m.Tools, ", "))
}

// Unwrap returns ErrTools.
func (m *Missing) Unwrap() error { return ErrTools }

// ErrHost means that Debian cannot be built on this operating system or architecture.
var ErrHost = errors.New("building Debian requires Linux on amd64")

// Keyring is the entry in Missing.Tools for the keys that verify Debian's packages.
const Keyring = "debian-archive-keyring"

// keyring is the path of those keys, also on other distributions.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// CheckTools returns a *Missing if something that Open needs is not installed, and ErrHost
// if Debian cannot be built on this host.
func CheckTools() error {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return ErrHost
	}
	needed := []string{"mmdebstrap", "apt-get", "tar", "mke2fs", "debugfs"}
	if os.Geteuid() != 0 {
		needed = append(needed, "newuidmap", "fakeroot")
	}
	missing := &Missing{}
	for _, program := range needed {
		if _, err := findTool(program); err != nil {
			missing.Tools = append(missing.Tools, program)
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		missing.Tools = append(missing.Tools, Keyring)
	}
	if len(missing.Tools) > 0 {
		return missing
	}
	return nil
}

// findTool searches PATH and the sbin folders, which only root's PATH contains.
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

// toolEnv returns the environment of the tools. It selects English messages, which are
// parsed, and adds the sbin folders to PATH, for tools that start other tools.
func toolEnv(more ...string) []string {
	env := append(os.Environ(), "LC_ALL=C.UTF-8", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	return append(env, more...)
}
