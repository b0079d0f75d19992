package seed_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const agentInGuest = "usr/local/sbin/vmterminal-agent"

// At each boot, the agent and its service are installed and started only if they are missing
// or outdated.
func TestInstall(t *testing.T) {
	tests := []struct {
		init    string
		service string // the file on the seed
		place   string // path of the service file in the guest
		mode    os.FileMode
		asked   string // commands to the init system after a change
	}{
		{
			"systemd", "vmterminal-agent.service", "etc/systemd/system/vmterminal-agent.service", 0o644,
			"systemctl --quiet enable vmterminal-agent.service\nsystemctl --no-block restart vmterminal-agent.service\n",
		},
		{
			"OpenRC", "vmterminal-agent.openrc", "etc/init.d/vmterminal-agent", 0o755,
			"rc-update -q add vmterminal-agent default\nrc-service -q vmterminal-agent restart\n",
		},
	}
	for _, test := range tests {
		t.Run(test.init, func(t *testing.T) {
			g := newGuest(t, test.init == "systemd")
			g.write(t, "seed/vmterminal-agent", "agent")
			g.write(t, "seed/"+test.service, "service")
			check := func(what, asked, agent, service string) {
				t.Helper()
				if said := g.boot(t); said != asked {
					t.Errorf("%s: got commands %q, want %q", what, said, asked)
				}
				g.check(t, agentInGuest, agent, 0o755)
				g.check(t, test.place, service, test.mode)
			}
			check("first", test.asked, "agent", "service")
			check("the same", "", "agent", "service")
			g.write(t, "seed/vmterminal-agent", "newer agent")
			check("a newer agent", test.asked, "newer agent", "service")
			g.write(t, "seed/"+test.service, "newer service")
			check("a newer service", test.asked, "newer agent", "newer service")
		})
	}
}

// If nothing can start the agent, the script reports that.
func TestInstallWithoutInitSystem(t *testing.T) {
	g := newGuest(t, false)
	g.write(t, "seed/vmterminal-agent", "agent")
	if err := os.RemoveAll(filepath.Join(string(g), "bin/rc-service")); err != nil {
		t.Fatal(err)
	}
	if out, err := g.install().CombinedOutput(); err == nil || !strings.Contains(string(out), "neither systemd nor OpenRC") {
		t.Errorf("got %q, %v; want %q in it", out, err, "neither systemd nor OpenRC")
	}
}

// A guestRoot is a folder with the files that the script finds in a guest.
type guestRoot string

func newGuest(t *testing.T, systemd bool) guestRoot {
	t.Helper()
	g := guestRoot(t.TempDir())
	script, err := os.ReadFile("install.sh")
	if err != nil {
		t.Fatal(err)
	}
	var inside []string
	for _, dir := range []string{"/usr/local/", "/etc/", "/run/"} {
		inside = append(inside, dir, string(g)+dir)
	}
	g.write(t, "seed/install.sh", strings.NewReplacer(inside...).Replace(string(script)))
	g.write(t, "etc/systemd/system/x", "")
	g.write(t, "etc/init.d/x", "")
	if systemd {
		g.write(t, "run/systemd/system/x", "")
	}
	for _, program := range []string{"systemctl", "rc-service", "rc-update"} {
		g.write(t, "bin/"+program, "#!/bin/sh\necho \"${0##*/} $*\" >>"+string(g)+"/asked\n")
	}
	return g
}

// write creates an executable file, like all files on a seed.
func (g guestRoot) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(string(g), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (g guestRoot) install() *exec.Cmd {
	cmd := exec.Command("sh", filepath.Join(string(g), "seed/install.sh"))
	cmd.Env = []string{"PATH=" + filepath.Join(string(g), "bin") + ":/usr/bin:/bin"}
	return cmd
}

// boot runs the script and returns its requests to the init system.
func (g guestRoot) boot(t *testing.T) string {
	t.Helper()
	asked := filepath.Join(string(g), "asked")
	if err := os.RemoveAll(asked); err != nil {
		t.Fatal(err)
	}
	if out, err := g.install().CombinedOutput(); err != nil {
		t.Fatalf("got %v, want no error\n%s", err, out)
	}
	said, err := os.ReadFile(asked)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(said)
}

func (g guestRoot) check(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(string(g), name)
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text {
		t.Errorf("%s: got %q, %v; want %v", name, got, err, text)
	}
	if info, err := os.Stat(path); err == nil && info.Mode() != mode {
		t.Errorf("%s: got unexpected mode %v", name, info.Mode())
	}
}
