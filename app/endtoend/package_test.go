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

// TestPackageInACleanDebian installs the package that is made of the program in a
// Debian that has nothing but apt, by apt, and uses it there: the first minute with
// commands, and the window on a display from outside.
func TestPackageInACleanDebian(t *testing.T) {
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
			t.Fatalf("no package was made: %v\n%s", err, said.String())
		}
		return strings.TrimSpace(string(path))
	}
	file := packaged("one")
	if sum(t, file) != sum(t, packaged("two")) {
		t.Error("the same program gives two packages")
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
	cmd.Env = d.around(bare())
	if said, err := cmd.CombinedOutput(); err != nil {
		d.keep("failed")
		t.Fatalf("%v\n%s", err, said)
	}
}

// codename is the release of the Debian, or of its like, that the tests run on.
func codename(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no release in %s", text)
	}
	return string(found[1])
}

// mirrors is where this computer gets its packages from, as mmdebstrap takes it.
func mirrors() []string {
	for _, path := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		if _, err := os.Stat(path); err == nil {
			return []string{path}
		}
	}
	return nil // mmdebstrap's own choice
}

// sum is the SHA-256 of a file.
func sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}
