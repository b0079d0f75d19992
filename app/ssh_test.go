package app

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vmterminal/vm/home"
	"vmterminal/vm/seed"
)

func TestHostKeyLines(t *testing.T) {
	got := hostKeyLines("ssh-ed25519 AAAAC3Nz root@deb\n\n* ssh-rsa AAAA\n@revoked * ssh-rsa AAAA\n# x\nssh-rsa\nssh-rsa AAAA=\rx y\n ecdsa-sha2-nistp256 AAAAE2Vj\n")
	if want := []string{"ssh-ed25519 AAAAC3Nz", "ecdsa-sha2-nistp256 AAAAE2Vj"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The path of the store may contain all characters that ssh and shells expand.
func TestSSHInStoreWithOddPath(t *testing.T) {
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		t.Skip(err)
	}
	root := home.Dir(filepath.Join(t.TempDir(), `%d 100% ${NO_SUCH_VARIABLE} $HOME "it's" \x`))
	program := filepath.Join(string(root), "program")
	called := filepath.Join(t.TempDir(), "called")
	dir := root.VM("dev")
	if err := os.MkdirAll(string(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nprintf '%s\\n' \"$VMTERMINAL_HOME\" \"$@\" >\"$CALLED\"\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := seed.EnsureClientKey(dir); err != nil {
		t.Fatal(err)
	}
	if err := seed.WriteKnownHosts(dir, "id", []string{"ssh-ed25519 AAAAC3Nz"}); err != nil {
		t.Fatal(err)
	}
	cmd := New(Options{Home: root, Program: program}).sshWithKeys(ssh, "dev", "id")
	cmd.Args = slices.Insert(cmd.Args, 1, "-v")
	cmd.Env = append(cmd.Env, "CALLED="+called)
	var exit *exec.ExitError
	out, err := cmd.CombinedOutput()
	if !errors.As(err, &exit) || exit.ExitCode() != 255 { // the proxy only records its arguments
		t.Errorf("ssh: got %v, want exit code 255", err)
	}
	if !regexp.MustCompile(`identity file id_ed25519 type [0-9]`).Match(out) {
		t.Errorf("ssh did not find its key:\n%s", out)
	}
	got, err := os.ReadFile(called)
	if err != nil {
		t.Fatalf("the proxy was not called: %v\n%s", err, out)
	}
	want := strings.Join([]string{string(root), "exec", "--vm", "dev", "--", "sh", "-c", sshdScript}, "\n") + "\n"
	if string(got) != want {
		t.Errorf("got proxy arguments\n%s\nwant\n%s", got, want)
	}
}
