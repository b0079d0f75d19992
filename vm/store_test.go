package vm

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	return OpenStore(home.Dir(t.TempDir() + "/home"))
}

func fillWith(content string) func(home.VMDir) error {
	return FillDisk(func(f *os.File) error {
		_, err := f.WriteString(content)
		return err
	})
}

func createVM(t *testing.T, s *Store, name string) {
	t.Helper()
	if err := s.Create(Defaults(name), fillWith("disk of "+name)); err != nil {
		t.Fatal(err)
	}
}

func listNames(t *testing.T, s *Store) []string {
	t.Helper()
	list, _, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name)
	}
	return names
}

func TestCreate(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	data, err := os.ReadFile(s.Dir("dev").Disk())
	if err != nil || string(data) != "disk of dev" {
		t.Errorf("disk = %q, %v; want \"disk of dev\"", data, err)
	}
	if _, err := os.Stat(s.Dir("dev").Snapshots()); err != nil {
		t.Error(err)
	}
	if e, err := s.Active(); err != nil || e.Name != "dev" {
		t.Errorf("Active = %v, %v; want dev", e.Name, err)
	}
	createVM(t, s, "Anna")
	if got := strings.Join(listNames(t, s), " "); got != "Anna dev" {
		t.Errorf("list = %s, want Anna dev", got)
	}
	if e, _ := s.Active(); e.Name != "dev" {
		t.Errorf("Active after a second Create = %v, want dev", e.Name)
	}
}

func TestCreateRejectsInvalidVM(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	few := Defaults("few")
	few.MemoryMB = 1
	many := Defaults("many")
	many.CPUs = 1000
	odd := Defaults("odd")
	odd.Accel = "magic"
	evil := Defaults("evil")
	evil.ID = "1 init=/bin/evil"
	for _, c := range []struct {
		v    VM
		want error
	}{
		{Defaults("DEV"), ErrExists},
		{Defaults("../x"), durable.ErrBadName},
		{few, ErrBadConfig},
		{many, ErrBadConfig},
		{odd, ErrBadConfig},
		{evil, ErrBadConfig},
	} {
		if err := s.Create(c.v, fillWith("x")); !errors.Is(err, c.want) {
			t.Errorf("Create(%q) = %v, want %v", c.v.Name, err, c.want)
		}
	}
	if got := listNames(t, s); len(got) != 1 {
		t.Errorf("list = %v, want dev", got)
	}
}

func TestFailedCreateLeavesNothing(t *testing.T) {
	s := newStore(t)
	err := s.Create(Defaults("dev"), func(home.VMDir) error { return context.Canceled })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.Home().Data())
	if err != nil || len(entries) != 0 {
		t.Errorf("remaining folders: %v, %v; want none", entries, err)
	}
	if got := listNames(t, s); len(got) != 0 {
		t.Errorf("list = %v, want none", got)
	}
}

func TestDeleteKeepsDataByDefault(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	if err := s.Delete("dev", false, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(Defaults("dev"), fillWith("new")); !errors.Is(err, ErrDataExists) {
		t.Errorf("Create over existing data: %v, want ErrDataExists", err)
	}
	if err := s.Adopt(Defaults("dev")); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(s.Dir("dev").Disk()); string(data) != "disk of dev" {
		t.Errorf("adopted disk = %q, want \"disk of dev\"", data)
	}
	if err := s.Delete("dev", true, nil); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(s.Home().Data()); len(entries) != 0 {
		t.Errorf("folders after Delete with data: %v, want none", entries)
	}
	if err := s.Adopt(Defaults("dev")); !errors.Is(err, ErrNoDisk) {
		t.Errorf("Adopt without a disk: %v, want ErrNoDisk", err)
	}
	if err := s.Delete("dev", true, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("Delete of a missing VM: %v, want ErrNotFound", err)
	}
	if err := durable.MakeDir(string(s.Dir("dev"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("disk.raw", s.Dir("dev").Disk()); err != nil { // a loop
		t.Fatal(err)
	}
	if err := s.Adopt(Defaults("dev")); err == nil || errors.Is(err, ErrNoDisk) {
		t.Errorf("Adopt with an unreadable disk: %v, want an error other than ErrNoDisk", err)
	}
}

func TestBrokenVMIsListed(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "sound")
	createVM(t, s, "bare")
	if err := os.Remove(s.Dir("bare").Disk()); err != nil {
		t.Fatal(err)
	}
	e, err := s.Get("bare")
	if err != nil || !errors.Is(e.Broken, ErrNoDisk) {
		t.Errorf("bare: Broken = %v, %v; want ErrNoDisk", e.Broken, err)
	}
	if e, _ := s.Get("sound"); e.Broken != nil {
		t.Errorf("sound: Broken = %v, want nil", e.Broken)
	}
}

// An unreadable list is not replaced: VMs are listed by their folders, and nothing can be
// changed until the list is repaired.
func TestUnreadableListIsNotChanged(t *testing.T) {
	for torn, want := range map[string]string{
		"":                            "line 1: the file ends too early",
		"{\n\"version\": 1,\n":        "line 3: the file ends too early",
		"[]":                          `line 1: "[" instead of "{"`,
		`{"version":0}`:               "line 1: version: missing",
		"\x00\x00\x00":                "line 1: invalid character",
		`{"version":1,"vms":{}}`:      `line 1: vms: "{" instead of "["`,
		"{\"version\":1,\n\"vms\":[}": "line 2: invalid character",
	} {
		s := newStore(t)
		createVM(t, s, "dev")
		writeList(t, s, torn)
		list, notes, err := s.List()
		if err != nil || len(list) != 1 || list[0].Name != "dev" || len(notes) != 1 || !strings.Contains(notes[0], want) {
			t.Errorf("%q: list %v, notes %v, %v; want dev and a note with %q", torn, list, notes, err, want)
			continue
		}
		if !errors.Is(list[0].Broken, ErrBroken) || list[0].ID != "" {
			t.Errorf("%q: listed with ID %q and Broken %v, want no ID and ErrBroken", torn, list[0].ID, list[0].Broken)
		}
		for what, err := range map[string]error{
			"create": s.Create(Defaults("x"), fillWith("")), "delete": s.Delete("dev", true, nil),
			"adopt": s.Adopt(Defaults("dev")), "rename": s.Rename("dev", "y"),
			"update": s.Update("dev", func(*VM) error { return nil }),
		} {
			if !errors.Is(err, durable.ErrJSON) {
				t.Errorf("%q: %s: %v, want ErrJSON", torn, what, err)
			}
		}
		assertOnlyList(t, s, torn)
	}
}

func writeList(t *testing.T, s *Store, text string) {
	t.Helper()
	if err := os.WriteFile(s.Home().VMs(), []byte(text), durable.FileMode); err != nil {
		t.Fatal(err)
	}
}

// assertOnlyList checks the text of vms.json, and that no file with a similar name exists.
func assertOnlyList(t *testing.T, s *Store, want string) {
	t.Helper()
	if got, err := os.ReadFile(s.Home().VMs()); err != nil || string(got) != want {
		t.Errorf("vms.json = %q, %v; want %q", got, err, want)
	}
	if beside, _ := filepath.Glob(s.Home().VMs() + "?*"); len(beside) > 0 {
		t.Errorf("files beside vms.json: %v, want none", beside)
	}
}

// One invalid value breaks only its own VM, whose row is preserved; the other VMs keep
// their IDs and can be changed.
func TestInvalidValueBreaksOnlyItsVM(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	createVM(t, s, "web")
	text, err := os.ReadFile(s.Home().VMs())
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace("\ufeff"+string(text), `"memory_mb": 512`, `"memory_mb": "512"`, 1)
	wrong = strings.Replace(wrong, "\n  ]", ",\n    {\"name\": \"../../etc\", \"id\": \"e1\"},\n    7\n  ]", 1)
	writeList(t, s, wrong)
	ids := map[string]string{}
	list, notes, err := s.List()
	if err != nil || len(list) != 2 || len(notes) != 2 || !strings.Contains(notes[0], "name: ") || !strings.Contains(notes[1], "not listed") {
		t.Fatalf("got list %v, notes %q, %v; want 2 entries, 2 notes", list, notes, err)
	}
	for _, e := range list {
		ids[e.Name] = e.ID
		if !strings.Contains(string(text), `"id": "`+e.ID+`"`) {
			t.Errorf("ID of %s = %q, want the stored one", e.Name, e.ID)
		}
	}
	var where *durable.JSONError
	if !errors.As(list[0].Broken, &where) || where.Field != "memory_mb" || where.Line != 10 || where.Path != s.Home().VMs() {
		t.Errorf("dev: Broken = %v, want line 10, memory_mb", list[0].Broken)
	}
	if list[1].Broken != nil {
		t.Errorf("web: Broken = %v, want nil", list[1].Broken)
	}
	assertOnlyList(t, s, wrong)

	if err := s.Update("dev", func(v *VM) error { v.CPUs = 3; return nil }); !errors.Is(err, durable.ErrJSON) {
		t.Errorf("Update of dev: %v, want ErrJSON", err)
	}
	folder := s.Home().Data() + "/" + newPrefix + "e1" // belongs to the row with an invalid name
	if err := os.Mkdir(folder, durable.DirMode); err != nil {
		t.Fatal(err)
	}
	if err := s.Update("web", func(v *VM) error { v.CPUs = 3; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Error("the folder of a VM with an invalid row was removed:", err)
	}
	after, err := os.ReadFile(s.Home().VMs())
	for _, want := range []string{`"memory_mb": "512"`, ids["dev"], `"../../etc"`, "\n    7\n"} {
		if !strings.Contains(string(after), want) {
			t.Errorf("vms.json without %s: got %s, %v; want %q in it", want, after, err, want)
		}
	}
	if err := s.Delete("dev", false, nil); err != nil {
		t.Errorf("Delete of dev: got error %v, want no error", err)
	}
}

func TestMissingListIsNotEmptyList(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	createVM(t, s, "web")
	if err := os.Remove(s.Home().VMs()); err != nil {
		t.Fatal(err)
	}
	list, notes, err := s.List()
	if err != nil || len(list) != 2 || len(notes) != 1 || !errors.Is(list[0].Broken, ErrNoList) {
		t.Errorf("list %v, notes %q, %v; want two broken VMs and a note", list, notes, err)
	}
	for what, err := range map[string]error{
		"create": s.Create(Defaults("x"), fillWith("")), "delete": s.Delete("dev", true, nil),
	} {
		if !errors.Is(err, ErrNoList) {
			t.Errorf("%s: %v, want ErrNoList", what, err)
		}
	}
	if _, err := os.Stat(s.Home().VMs()); !errors.Is(err, fs.ErrNotExist) {
		t.Error("vms.json was created, want it to be missing")
	}
	for _, name := range []string{"dev", "web"} {
		if err := s.Adopt(Defaults(name)); err != nil {
			t.Fatal(err)
		}
	}
	if list, notes, err = s.List(); len(list) != 2 || list[1].Broken != nil || len(notes) != 0 {
		t.Errorf("after Adopt: list %v, notes %q, %v; want two intact VMs", list, notes, err)
	}
}

func TestUnreachableStoreIsNotEmpty(t *testing.T) {
	for name, prepare := range map[string]func(root string) error{
		"dangling home": func(root string) error { return os.Symlink("nowhere", root) },
		"dangling data": func(root string) error {
			return errors.Join(os.Mkdir(root, 0o700), os.Symlink("nowhere", root+"/data"))
		},
		"dangling list": func(root string) error {
			return errors.Join(os.Mkdir(root, 0o700), os.Symlink("nowhere", root+"/vms.json"))
		},
	} {
		s := newStore(t)
		if err := prepare(string(s.Home())); err != nil {
			t.Fatal(err)
		}
		assertUnreachable(t, name, s)
	}
	assertUnreachable(t, "missing parent folder", OpenStore(home.Dir(t.TempDir()+"/gone/home")))
}

func assertUnreachable(t *testing.T, name string, s *Store) {
	t.Helper()
	if list, _, err := s.List(); !errors.Is(err, durable.ErrNotMounted) {
		t.Errorf("%s: List = %v, %v; want ErrNotMounted", name, list, err)
	}
	if err := s.Create(Defaults("x"), fillWith("")); !errors.Is(err, durable.ErrNotMounted) {
		t.Errorf("%s: Create: %v, want ErrNotMounted", name, err)
	}
}

// Delete reports the targets of links and does not remove them.
func TestDeleteReportsLinkTargets(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "linked")
	createVM(t, s, "disk-linked")
	other := t.TempDir()
	if err := errors.Join(
		os.Rename(string(s.Dir("linked")), other+"/linked"), os.Symlink(other+"/linked", string(s.Dir("linked"))),
		os.Rename(s.Dir("disk-linked").Disk(), other+"/disk"), os.Symlink(other+"/disk", s.Dir("disk-linked").Disk()),
		os.WriteFile(other+"/disk.undo", nil, 0o600), os.Symlink(other+"/disk.undo", s.Dir("disk-linked").Undo()),
		os.Symlink("disk.raw", string(s.Dir("disk-linked"))+"/inside"),
	); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"linked": other + "/linked", "disk-linked": other + "/disk"} {
		err := s.Delete(name, true, nil)
		if !errors.Is(err, ErrLinkedFilesRemain) || !strings.HasSuffix(err.Error(), ": "+target) {
			t.Errorf("Delete(%s): %v, want ErrLinkedFilesRemain with %s", name, err, target)
		}
		if _, err := os.Stat(target); err != nil {
			t.Errorf("Delete(%s) removed the link's target: got error %v, want no error", name, err)
		}
	}
	if _, err := os.Stat(other + "/disk.undo"); err == nil {
		t.Error("the undo disk was not removed")
	}
	if got := listNames(t, s); len(got) != 0 {
		t.Errorf("list = %v, want none", got)
	}

	createVM(t, s, "away")
	if err := errors.Join(os.RemoveAll(string(s.Dir("away"))), os.Symlink(other+"/unmounted", string(s.Dir("away")))); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Get("away"); err != nil || !errors.Is(e.Broken, durable.ErrNotMounted) {
		t.Errorf("dangling folder: Broken = %v, %v; want ErrNotMounted", e.Broken, err)
	}
	if err := s.Delete("away", true, nil); !errors.Is(err, durable.ErrNotMounted) || len(listNames(t, s)) != 1 {
		t.Errorf("Delete of a dangling folder: %v, want ErrNotMounted and the VM still listed", err)
	}
}

func TestNewerListIsReadOnly(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	newer := `{"version":2,"vms":[{"name":"dev","future":true}]}`
	if err := os.WriteFile(s.Home().VMs(), []byte(newer), durable.FileMode); err != nil {
		t.Fatal(err)
	}
	if got := listNames(t, s); len(got) != 1 {
		t.Errorf("list = %v, want dev", got)
	}
	if err := s.Create(Defaults("x"), fillWith("")); !errors.Is(err, ErrNewer) {
		t.Errorf("Create: %v, want ErrNewer", err)
	}
	if err := s.Delete("dev", true, nil); !errors.Is(err, ErrNewer) {
		t.Errorf("Delete: %v, want ErrNewer", err)
	}
	if data, _ := os.ReadFile(s.Home().VMs()); string(data) != newer {
		t.Errorf("vms.json = %s, want %s", data, newer)
	}
	if _, err := os.Stat(s.Dir("dev").Disk()); err != nil {
		t.Error(err)
	}
}

func TestActive(t *testing.T) {
	s := newStore(t)
	if _, err := s.Active(); !errors.Is(err, ErrNoActive) {
		t.Errorf("Active without VMs: %v, want ErrNoActive", err)
	}
	for _, name := range []string{"a", "b", "c"} {
		createVM(t, s, name)
	}
	if err := s.SetActive("B"); err != nil {
		t.Fatal(err)
	}
	if e, _ := s.Active(); e.Name != "b" {
		t.Errorf("Active after Use(B) = %q, want b", e.Name)
	}
	if err := s.SetActive("nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Use(nobody): %v, want ErrNotFound", err)
	}
	if err := s.Delete("b", true, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Active(); !errors.Is(err, ErrNoActive) {
		t.Errorf("Active with two VMs, none selected: %v, want ErrNoActive", err)
	}
	if err := s.Delete("a", true, nil); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Active(); err != nil || e.Name != "c" {
		t.Errorf("Active with one VM = %v, %v; want c", e.Name, err)
	}
}

func TestConcurrentCreate(t *testing.T) {
	s := newStore(t)
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "same", "SAME"} {
		wg.Go(func() {
			if err := s.Create(Defaults(name), fillWith(name)); err != nil && !errors.Is(err, ErrExists) {
				t.Errorf("Create(%s) = %v, want nil or ErrExists", name, err)
			}
		})
	}
	wg.Wait()
	if got := listNames(t, s); len(got) != 7 {
		t.Errorf("list = %v, want 7 VMs", got)
	}
}

// The first Create in a store writes the list and then names the folder. A concurrent reader
// that checks for both must not report the list as missing.
func TestListWhileFirstIsCreated(t *testing.T) {
	for range 50 {
		s := newStore(t)
		created := make(chan error, 1)
		go func() { created <- s.Create(Defaults("first"), fillWith("x")) }()
		for done := false; !done; {
			select {
			case err := <-created:
				if err != nil {
					t.Fatalf("Create = %v", err)
				}
				done = true
			default:
			}
			if err := s.CheckAvailable("second"); err != nil {
				t.Fatalf("CheckAvailable while another VM is created = %v, want nil", err)
			}
		}
	}
}

// A new folder whose lock cannot be queried is kept: another process may still be creating
// the VM.
func TestRecoverFoldersKeepsUnknownLock(t *testing.T) {
	s := newStore(t)
	folder := home.VMDir(s.Home().Data() + "/" + newPrefix + "x1")
	if err := os.MkdirAll(string(folder), durable.DirMode); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("lock", folder.Lock()); err != nil { // a loop
		t.Fatal(err)
	}
	createVM(t, s, "first")
	if _, err := os.Stat(string(folder)); err != nil {
		t.Errorf("the folder was removed: got error %v, want no error", err)
	}
}

// Create removes the leftovers of a killed Create, but not the folder of a running one.
func TestCreateRemovesLeftovers(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "first")
	dead := home.VMDir(s.Home().Data() + "/" + newPrefix + "dead")
	gone := home.VMDir(s.Home().Data() + "/" + deletedPrefix + "gone")
	for _, dir := range []home.VMDir{dead, gone} {
		if err := os.MkdirAll(dir.Snapshots(), durable.DirMode); err != nil {
			t.Fatal(err)
		}
	}
	err := s.Create(Defaults("slow"), func(dir home.VMDir) error {
		createVM(t, s, "quick")
		return fillWith("disk of slow")(dir)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []home.VMDir{dead, gone} {
		if _, err := os.Stat(string(dir)); err == nil {
			t.Errorf("%s was not removed", dir)
		}
	}
	if got := strings.Join(listNames(t, s), " "); got != "first quick slow" {
		t.Errorf("list = %s, want first quick slow", got)
	}
	if held, _ := durable.IsLocked(s.Dir("slow").Lock()); held {
		t.Error("the new VM is still locked")
	}
}

func FuzzList(f *testing.F) {
	f.Add([]byte(`{"version":1,"vms":[{"name":"a","cpus":-1}]}`))
	f.Add([]byte(`{"version":99}`))
	f.Add([]byte(`nil`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := OpenStore(home.Dir(t.TempDir()))
		if err := os.WriteFile(s.Home().VMs(), data, durable.FileMode); err != nil {
			t.Fatal(err)
		}
		list, _, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if durable.CheckName(e.Name) != nil {
				t.Errorf("List returned the invalid name %q", e.Name)
			}
		}
	})
}

func TestUnknownMembersArePreserved(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	createVM(t, s, "other")
	text, err := os.ReadFile(s.home.VMs())
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `"vms"`, `"all": {"y": 1}, "vms"`, 1)
	writeList(t, s, strings.ReplaceAll(changed, `"accel"`, `"network": {"speed": 9}, "gpu": "x", "accel"`))
	if err := s.Update("dev", func(v *VM) error { v.CPUs, v.Network.Isolated = 3, true; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("other", "third"); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(s.home.VMs()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		All struct{ Y int }
		VMs []struct {
			Name, GPU string
			Network   struct {
				Isolated bool
				Speed    int
			}
		}
	}
	if err := json.Unmarshal(text, &got); err != nil || got.All.Y != 1 || len(got.VMs) != 2 {
		t.Fatalf("Unmarshal: got %v\n%s", err, text)
	}
	for _, v := range got.VMs {
		if v.GPU != "x" || v.Network.Speed != 9 || v.Network.Isolated != (v.Name == "dev") {
			t.Errorf("unknown members of %s: got %+v, want GPU %q", v.Name, v, "x")
		}
	}
}

// The error about a missing disk names the saved disk.
func TestMissingDiskNamesSavedDisk(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	dir := s.Dir("dev")
	_, saved := dir.SavedDisks()
	if err := os.Rename(dir.Disk(), saved); err != nil {
		t.Fatal(err)
	}
	e, err := s.Get("dev")
	if err != nil || !errors.Is(e.Broken, ErrNoDisk) || !strings.Contains(e.Broken.Error(), saved) {
		t.Errorf("Get = %v, broken: %v; want an ErrNoDisk that names %s", err, e.Broken, saved)
	}
}
