package hostcmd

import (
	"slices"
	"strings"
	"testing"

	"vmterminal/app/doctor"
	"vmterminal/app/doctor/doctortest"
)

func TestFindManager(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  string
	}{
		{[]string{"/usr/bin/apt-get"}, "apt-get"},
		{[]string{"/usr/bin/dnf", "/usr/bin/apt-get"}, "dnf"}, // Fedora with the tools that build Debian
		{[]string{"/usr/bin/pacman", "/usr/bin/apt-get"}, "pacman"},
		{[]string{"/usr/games/pacman", "/usr/bin/apt-get"}, "apt-get"}, // Debian's pacman is a game
		{[]string{"/usr/bin/zypper"}, "zypper"},
		{[]string{"/sbin/apk"}, "apk"},
		{[]string{"/opt/homebrew/bin/brew"}, "brew"},
		{[]string{"/usr/bin/emerge"}, ""},
	} {
		got := ""
		if m := findManager(func(path string) bool { return slices.Contains(c.files, path) }); m != nil {
			got = m.program
		}
		if got != c.want {
			t.Errorf("%v: got %q, want %q", c.files, got, c.want)
		}
	}
}

// managerOf returns the package manager with the given name.
func managerOf(t *testing.T, program string) *packageManager {
	t.Helper()
	i := slices.IndexFunc(packageManagers, func(m packageManager) bool { return m.program == program })
	if i < 0 {
		t.Fatalf("there is no package manager %q", program)
	}
	return &packageManagers[i]
}

func TestInstall(t *testing.T) {
	qemu := []doctor.Tool{doctor.QEMU, doctor.QEMUImg}
	for _, c := range []struct {
		manager string
		root    bool
		tools   []doctor.Tool
		want    string // "" means none
	}{
		{"apt-get", false, qemu, "sudo apt-get install qemu-system-x86 qemu-utils"},
		{"apt-get", true, []doctor.Tool{doctor.OVMF}, "apt-get install ovmf"},
		{"apt-get", false, []doctor.Tool{doctor.MkE2fs, doctor.NewUIDMap, doctor.DebugFS}, "sudo apt-get install e2fsprogs uidmap"},
		{"dnf", false, qemu, "sudo dnf install qemu-system-x86-core qemu-img"},
		{"dnf", false, []doctor.Tool{doctor.OVMF}, "sudo dnf install edk2-ovmf"},
		{"pacman", false, qemu, "sudo pacman -S qemu-system-x86 qemu-img"},
		{"pacman", false, []doctor.Tool{doctor.SSH, doctor.Mmdebstrap}, ""},
		{"zypper", false, qemu, "sudo zypper install qemu-x86 qemu-tools"},
		{"zypper", false, []doctor.Tool{doctor.OVMF}, "sudo zypper install qemu-ovmf-x86_64"},
		{"apk", true, qemu, "apk add qemu-system-x86_64 qemu-img"},
		{"brew", false, append(qemu, doctor.OVMF), "brew install qemu"},
		{"brew", false, nil, ""},
	} {
		got, ok := machine{c.root, managerOf(t, c.manager)}.installCommand(c.tools)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s %v: got %q, ok %v, want %q", c.manager, c.tools, got, ok, c.want)
		}
	}
	if got, ok := (machine{}).installCommand(qemu); ok {
		t.Errorf("without a package manager: got %q, want none", got)
	}
}

func TestEveryManagerHasWhatVMsNeed(t *testing.T) {
	for _, m := range packageManagers {
		for _, tool := range []doctor.Tool{doctor.QEMU, doctor.QEMUImg, doctor.OVMF, doctor.SSH} {
			if m.packages[tool] == "" {
				t.Errorf("%s has no package for %s", m.program, tool)
			}
		}
	}
	for _, tool := range doctortest.Tools(t) {
		if managerOf(t, "apt-get").packages[tool] == "" {
			t.Errorf("apt-get has no package for %s", tool)
		}
	}
}

func TestFix(t *testing.T) {
	user := machine{manager: managerOf(t, "apt-get")}
	for _, c := range []struct {
		fix  doctor.Fix
		want string
	}{
		{doctor.Fix{Action: doctor.InstallTools, Tools: []doctor.Tool{doctor.QEMU}}, "sudo apt-get install qemu-system-x86"},
		{doctor.Fix{Action: doctor.LoadModule, Name: "kvm_amd"}, "sudo modprobe kvm_amd"},
		{doctor.Fix{Action: doctor.JoinGroup, Name: "kvm", User: "me"}, "sudo usermod -aG kvm me"},
		{doctor.Fix{Action: doctor.JoinGroup, Name: "kvm"}, `sudo usermod -aG kvm "$USER"`},
		{doctor.Fix{Action: doctor.MoveFile, Path: "/a b", Target: "/a b.old"}, "mv '/a b' '/a b.old'"},
		{doctor.Fix{Action: doctor.RemoveFile, Path: "/it's"}, `rm '/it'\''s'`},
		{doctor.Fix{Action: doctor.ChangeOwner, Path: "/store", UID: 1000}, "sudo chown -R 1000 /store"},
		{doctor.Fix{Action: doctor.ChangeMode, Path: "/store", Mode: 0o700}, "chmod 0700 /store"},
		{doctor.Fix{Action: doctor.EditLine, Path: "/config.yaml"}, "${EDITOR:-vi} /config.yaml"},
		{doctor.Fix{Action: doctor.AdoptVM, Name: "dev"}, ""},
		{doctor.Fix{Action: "new_action"}, ""},
	} {
		got, ok := user.fixCommand(c.fix)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%+v: got %q, ok %v, want %q", c.fix, got, ok, c.want)
		}
	}
	root := machine{isRoot: true, manager: user.manager}
	for _, fix := range doctortest.Fixes(t) {
		if got, _ := root.fixCommand(fix); strings.Contains(got, "sudo") {
			t.Errorf("%s: got %q for root, want no sudo", fix.Action, got)
		}
		if got, _ := root.fixCommand(fix); strings.Contains(got, "vmterminal") {
			t.Errorf("%s: got %q, want no command of VMTerminal", fix.Action, got)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"":                     "''",
		"/home/me/.vmterminal": "/home/me/.vmterminal",
		"/a b":                 "'/a b'",
		"/it's":                `'/it'\''s'`,
		"/$(x)":                "'/$(x)'",
	} {
		if got := Quote(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}
