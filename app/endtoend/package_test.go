package endtoend

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackageInCleanDebian installs the package with apt in a minimal Debian system. There it
// runs the first commands that a user needs, and opens the window on a display outside that
// system.
func TestPackageInCleanDebian(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	dir := t.TempDir()
	packaged := func(out string) string {
		cmd := exec.Command(filepath.Join(module, ".ci", "package"), filepath.Dir(vmterminal), filepath.Join(dir, out))
		cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath=false -buildvcs=false")
		var said strings.Builder
		cmd.Stderr = &said
		path, err := cmd.Output()
		if err != nil {
			t.Fatalf("build the package: %v\n%s", err, said.String())
		}
		return strings.TrimSpace(string(path))
	}
	file := packaged("one")
	if fileSum(t, file) != fileSum(t, packaged("two")) {
		t.Error("two builds of the package differ, want equal files")
	}

	script, err := filepath.Abs("testdata/installed.sh")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--variant=apt", "--quiet",
		"--customize-hook=copy-in " + file + " /tmp",
		`--customize-hook=chroot "$1" apt-get install -y --no-install-recommends /tmp/` + filepath.Base(file),
		`--customize-hook=` + script + ` "$1"`,
		codename(t), "/dev/null",
	}
	cmd := exec.Command("mmdebstrap", append(args, mirrors()...)...)
	cmd.Env = d.addDisplayEnv(baseEnv())
	if said, err := cmd.CombinedOutput(); err != nil {
		d.savePicture("failed")
		t.Fatalf("%v\n%s", err, said)
	}
}

// codename returns the codename of the release on which the tests run, such as bookworm.
func codename(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no codename in %s", text)
	}
	return string(found[1])
}

// mirrors returns this system's package sources, as arguments for mmdebstrap.
func mirrors() []string {
	for _, path := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		if _, err := os.Stat(path); err == nil {
			return []string{path}
		}
	}
	return nil // mmdebstrap uses its default
}

// fileSum returns the SHA-256 of a file in hexadecimal.
func fileSum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}
