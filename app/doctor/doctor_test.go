package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/debian"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/qemu"
)

func TestCheckDisplay(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "wayland-7"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, c := range []struct {
		wayland, x11, runtimeDir string
		status                   Status
		codes                    []Code
		display                  string
	}{
		{"", "", "", Note, []Code{DisplayNone}, ""},
		{"wayland-7", "", dir, OK, displayCodes, "Wayland (" + dir + "/wayland-7)"},
		{"wayland-8", "", dir, Note, []Code{DisplayFails}, "Wayland (" + dir + "/wayland-8)"},
		{"", ":4711.0", "", Note, []Code{DisplayFails}, "X11 (:4711.0)"},
		{"", "localhost:10.0", "", OK, displayCodes, "X11 (localhost:10.0)"},
	} {
		t.Setenv("WAYLAND_DISPLAY", c.wayland)
		t.Setenv("DISPLAY", c.x11)
		t.Setenv("XDG_RUNTIME_DIR", c.runtimeDir)
		f := checkDisplay()
		if f.Status != c.status || !slices.Contains(c.codes, f.Code) || f.Args.Display != c.display {
			t.Errorf("%q, %q: got %+v, want %s, one of %v and %q", c.wayland, c.x11, f, c.status, c.codes, c.display)
		}
	}
}

// displayCodes lists the codes of a display that answers. The actual code depends on this
// machine's graphics devices.
var displayCodes = []Code{DisplayWorks, DisplayNoAccess, DisplayNoGraphics}

func TestFilesOfAnotherOwnerAreFound(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	root := home.Dir(t.TempDir())
	c := checker{Options: Options{Home: root}}
	disk := root.VM("dev").Disk()
	if err := os.MkdirAll(filepath.Dir(disk), durable.DirMode); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(disk, []byte("disk"), durable.FileMode); err != nil {
		t.Fatal(err)
	}
	if got := c.checkOwners(); got != nil {
		t.Errorf("one owner: got %+v, want no findings", got)
	}
	if err := os.Chown(disk, 65534, -1); err != nil {
		t.Fatal(err)
	}
	got := c.checkOwners()
	want := Fix{Action: ChangeOwner, Path: string(root), UID: 0}
	if len(got) != 1 || got[0].Status != Blocking || got[0].Args.Path != disk || fmt.Sprint(got[0].Fixes) != fmt.Sprint([]Fix{want}) {
		t.Errorf("another owner: got %+v, want %s and %+v", got, disk, want)
	}
	if err := os.Chown(string(root), 65534, -1); err != nil {
		t.Fatal(err)
	}
	if f := c.checkStore(); f.Status != Blocking || f.Code != StoreRefusedForRoot {
		t.Errorf("root in another user's store: got %+v, want %s", f, StoreRefusedForRoot)
	}
}

func TestCheckVMs(t *testing.T) {
	none := func(vms []VM, notes []string, err error) []Finding {
		c := checker{vms: vms, notes: notes, vmsErr: err}
		return c.checkVMs()
	}
	for _, c := range []struct {
		name  string
		found []Finding
		want  []Code
		fixes []Action // of the first fix of each finding
	}{
		{"none", none(nil, nil, nil), []Code{VMsNone}, []Action{""}},
		{"usable", none([]VM{{Name: "a"}}, nil, nil), []Code{VMsUsable}, []Action{""}},
		{"error", none(nil, nil, errors.New("cause")), []Code{VMsUnlistable}, []Action{""}},
		{
			"wrong", none([]VM{{Name: "a", State: Broken}, {Name: "b"}, {Name: "c", State: NotAnswering}, {Name: "d", State: DiskReplaced}}, []string{"note"}, nil),
			[]Code{VMBroken, VMNotAnswering, VMDiskReplaced, VMsNote},
			[]Action{ListSnapshots, ForceStop, SnapshotGuestDisk, ""},
		},
	} {
		var codes []Code
		var fixes []Action
		for _, f := range c.found {
			codes = append(codes, f.Code)
			fix := Action("")
			if len(f.Fixes) > 0 {
				fix = f.Fixes[0].Action
			}
			fixes = append(fixes, fix)
		}
		if !slices.Equal(codes, c.want) || !slices.Equal(fixes, c.fixes) {
			t.Errorf("%s: got %v with %v, want %v with %v", c.name, codes, fixes, c.want, c.fixes)
		}
	}
}

func TestMissingTools(t *testing.T) {
	for _, c := range []struct {
		err  error
		want []Tool
	}{
		{nil, nil},
		{errors.New("another"), nil},
		{fmt.Errorf("start: %w", &qemu.Missing{Program: "qemu-system-x86_64"}), []Tool{QEMU, QEMUImg}},
		{fmt.Errorf("start: %w", qemu.ErrNoFirmware), []Tool{OVMF}},
		{fmt.Errorf("convert: %w", image.ErrNoTool), []Tool{QEMUImg}},
		{fmt.Errorf("build: %w", &debian.Missing{Tools: []string{"mmdebstrap", debian.Keyring}}), []Tool{Mmdebstrap, Keyring}},
	} {
		if got := MissingTools(c.err); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.err, got, c.want)
		}
	}
}

func TestRunReportsEverySubject(t *testing.T) {
	root := home.Dir(filepath.Join(t.TempDir(), "home"))
	t.Setenv("PATH", t.TempDir()) // without QEMU there is nothing to wait for
	found := Run(t.Context(), Options{
		Home: root, GuestVersion: "Linux", Window: true,
		CheckConfig: func() error { return errors.New("cause") },
		VMs:         func(context.Context) ([]VM, []string, error) { return nil, nil, nil },
	})
	want := map[Code]Status{
		QEMUMissing: Blocking, AccelUnknown: Note, GuestBuiltIn: OK, StoreNotCreated: OK, ConfigInvalid: Blocking, VMsNone: OK, LeftoversNone: OK,
	}
	subjects := map[Subject]bool{}
	for _, f := range found {
		subjects[f.Subject] = true
		if status, ok := want[f.Code]; ok {
			if f.Status != status {
				t.Errorf("%s: got %s, want %s", f.Code, f.Status, status)
			}
			delete(want, f.Code)
		}
	}
	if len(want) > 0 {
		t.Errorf("got %+v, which lacks %v", found, want)
	}
	for _, s := range []Subject{SubjectDebian, SubjectUEFI, SubjectFileSystem, SubjectSockets, SubjectSpace, SubjectSharedBlocks, SubjectDisplay} {
		if !subjects[s] {
			t.Errorf("got no finding about %s, want one", s)
		}
	}
}
