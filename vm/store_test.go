package vm

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"vmterminal/app/ondisk"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	return OpenStore(ondisk.Home(t.TempDir() + "/home"))
}

func fillWith(content string) func(ondisk.VMDir) error {
	return Fill(func(f *os.File) error {
		_, err := f.WriteString(content)
		return err
	})
}

func create(t *testing.T, s *Store, name string) {
	t.Helper()
	if err := s.Create(Defaults(name), fillWith("disk of "+name)); err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, s *Store) []string {
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
	create(t, s, "dev")
	data, err := os.ReadFile(s.Dir("dev").Disk())
	if err != nil || string(data) != "disk of dev" {
		t.Errorf("disk: %q, %v", data, err)
	}
	if _, err := os.Stat(s.Dir("dev").Snapshots()); err != nil {
		t.Error(err)
	}
	if e, err := s.Active(); err != nil || e.Name != "dev" {
		t.Errorf("active: %v, %v", e.Name, err)
	}
	create(t, s, "Anna")
	if got := strings.Join(listed(t, s), " "); got != "Anna dev" {
		t.Errorf("list: %s", got)
	}
	if e, _ := s.Active(); e.Name != "dev" {
		t.Errorf("the second VM became active: %v", e.Name)
	}
}

func TestCreateRefuses(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
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
		{Defaults("../x"), ondisk.ErrBadName},
		{few, ErrBadConfig},
		{many, ErrBadConfig},
		{odd, ErrBadConfig},
		{evil, ErrBadConfig},
	} {
		if err := s.Create(c.v, fillWith("x")); !errors.Is(err, c.want) {
			t.Errorf("Create(%q) = %v, want %v", c.v.Name, err, c.want)
		}
	}
	if got := listed(t, s); len(got) != 1 {
		t.Errorf("list: %v", got)
	}
}

func TestFailedCreateLeavesNothing(t *testing.T) {
	s := newStore(t)
	err := s.Create(Defaults("dev"), func(ondisk.VMDir) error { return context.Canceled })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.Home().Data())
	if err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if got := listed(t, s); len(got) != 0 {
		t.Errorf("list: %v", got)
	}
}

func TestDeleteKeepsDataUnlessTold(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	if err := s.Delete("dev", false); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(Defaults("dev"), fillWith("new")); !errors.Is(err, ErrLeftData) {
		t.Errorf("Create over data that was left: %v", err)
	}
	if err := s.Adopt(Defaults("dev")); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(s.Dir("dev").Disk()); string(data) != "disk of dev" {
		t.Errorf("adopted disk: %q", data)
	}
	if err := s.Delete("dev", true); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(s.Home().Data()); len(entries) != 0 {
		t.Errorf("left after delete with data: %v", entries)
	}
	if err := s.Adopt(Defaults("dev")); !errors.Is(err, ErrNoDisk) {
		t.Errorf("Adopt of nothing: %v", err)
	}
	if err := s.Delete("dev", true); !errors.Is(err, ErrNotFound) {
		t.Errorf("Delete of nothing: %v", err)
	}
	if err := ondisk.MakeDir(string(s.Dir("dev"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("disk.raw", s.Dir("dev").Disk()); err != nil { // a circle
		t.Fatal(err)
	}
	if err := s.Adopt(Defaults("dev")); err == nil || errors.Is(err, ErrNoDisk) {
		t.Errorf("a disk that cannot be looked at: %v", err)
	}
}

func TestBrokenVMIsListed(t *testing.T) {
	s := newStore(t)
	create(t, s, "sound")
	create(t, s, "bare")
	if err := os.Remove(s.Dir("bare").Disk()); err != nil {
		t.Fatal(err)
	}
	e, err := s.Get("bare")
	if err != nil || !errors.Is(e.Broken, ErrNoDisk) {
		t.Errorf("bare: %v, %v", e.Broken, err)
	}
	if e, _ := s.Get("sound"); e.Broken != nil {
		t.Errorf("sound: %v", e.Broken)
	}
}

func TestTornListIsKeptAsideAndRebuilt(t *testing.T) {
	for _, torn := range []string{"", "{", "[]", `{"version":0}`, `{"version":1,"vms":[{"name":"../../etc"}]}`, "\x00\x00\x00"} {
		s := newStore(t)
		create(t, s, "dev")
		if err := os.WriteFile(s.Home().VMs(), []byte(torn), ondisk.FileMode); err != nil {
			t.Fatal(err)
		}
		list, notes, err := s.List()
		if err != nil || len(list) != 1 || list[0].Name != "dev" || len(notes) != 1 {
			t.Errorf("%q: list %v, notes %v, %v", torn, list, notes, err)
		}
		aside, err := os.ReadFile(s.Home().VMs() + ondisk.AsideInfix + "1")
		if err != nil || string(aside) != torn {
			t.Errorf("%q: kept aside %q, %v", torn, aside, err)
		}
	}
}

func TestNewerListIsReadOnly(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	newer := `{"version":2,"vms":[{"name":"dev","future":true}]}`
	if err := os.WriteFile(s.Home().VMs(), []byte(newer), ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, s); len(got) != 1 {
		t.Errorf("list: %v", got)
	}
	if err := s.Create(Defaults("x"), fillWith("")); !errors.Is(err, ErrNewer) {
		t.Errorf("Create: %v", err)
	}
	if err := s.Delete("dev", true); !errors.Is(err, ErrNewer) {
		t.Errorf("Delete: %v", err)
	}
	if data, _ := os.ReadFile(s.Home().VMs()); string(data) != newer {
		t.Errorf("the list became %s", data)
	}
	if _, err := os.Stat(s.Dir("dev").Disk()); err != nil {
		t.Error(err)
	}
}

func TestActive(t *testing.T) {
	s := newStore(t)
	if _, err := s.Active(); !errors.Is(err, ErrNoActive) {
		t.Errorf("of no VMs: %v", err)
	}
	for _, name := range []string{"a", "b", "c"} {
		create(t, s, name)
	}
	if err := s.Use("B"); err != nil {
		t.Fatal(err)
	}
	if e, _ := s.Active(); e.Name != "b" {
		t.Errorf("active %q", e.Name)
	}
	if err := s.Use("nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Use(nobody): %v", err)
	}
	if err := s.Delete("b", true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Active(); !errors.Is(err, ErrNoActive) {
		t.Errorf("two left, none chosen: %v", err)
	}
	if err := s.Delete("a", true); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Active(); err != nil || e.Name != "c" {
		t.Errorf("one left: %v, %v", e.Name, err)
	}
}

func TestManyCreateAtOnce(t *testing.T) {
	s := newStore(t)
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "same", "SAME"} {
		wg.Go(func() { _ = s.Create(Defaults(name), fillWith(name)) })
	}
	wg.Wait()
	if got := listed(t, s); len(got) != 7 {
		t.Errorf("list: %v", got)
	}
}

// A folder whose lock cannot be asked may be in the making.
func TestSweepLeavesWhatItCannotAsk(t *testing.T) {
	s := newStore(t)
	folder := ondisk.VMDir(s.Home().Data() + "/" + newPrefix + "x1")
	if err := os.MkdirAll(string(folder), ondisk.DirMode); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("lock", folder.Lock()); err != nil { // a circle
		t.Fatal(err)
	}
	create(t, s, "first")
	if _, err := os.Stat(string(folder)); err != nil {
		t.Errorf("it was swept: %v", err)
	}
}

// What a killed Create left is swept by the next one; what a living one is
// still making is not.
func TestSweep(t *testing.T) {
	s := newStore(t)
	create(t, s, "first")
	dead := ondisk.VMDir(s.Home().Data() + "/" + newPrefix + "dead")
	gone := ondisk.VMDir(s.Home().Data() + "/" + gonePrefix + "gone")
	for _, dir := range []ondisk.VMDir{dead, gone} {
		if err := os.MkdirAll(dir.Snapshots(), ondisk.DirMode); err != nil {
			t.Fatal(err)
		}
	}
	err := s.Create(Defaults("slow"), func(dir ondisk.VMDir) error {
		create(t, s, "quick")
		return fillWith("disk of slow")(dir)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []ondisk.VMDir{dead, gone} {
		if _, err := os.Stat(string(dir)); err == nil {
			t.Errorf("%s was not swept", dir)
		}
	}
	if got := strings.Join(listed(t, s), " "); got != "first quick slow" {
		t.Errorf("list: %s", got)
	}
	if held, _ := ondisk.Held(s.Dir("slow").Lock()); held {
		t.Error("the new VM is still locked")
	}
}

func FuzzList(f *testing.F) {
	f.Add([]byte(`{"version":1,"vms":[{"name":"a","cpus":-1}]}`))
	f.Add([]byte(`{"version":99}`))
	f.Add([]byte(`nil`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := OpenStore(ondisk.Home(t.TempDir()))
		if err := os.WriteFile(s.Home().VMs(), data, ondisk.FileMode); err != nil {
			t.Fatal(err)
		}
		list, _, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if ondisk.CheckName(e.Name) != nil {
				t.Errorf("listed %q", e.Name)
			}
		}
	})
}
