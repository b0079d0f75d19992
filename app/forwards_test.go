package app

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm/host"
	"vmterminal/vm/qemu"
)

// oneVM is a store with a VM whose host process answers as answering does; nil: none
// answers.
func oneVM(t *testing.T, answering http.Handler) *Service {
	t.Helper()
	dir, err := os.MkdirTemp("", "vmt") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	home := ondisk.Home(dir)
	folder := home.VM("dev")
	if err := ondisk.MakeDir(string(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder.Disk(), make([]byte, 1<<20), ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
	row := `{"version": 1, "vms": [{"name": "dev", "id": "a", "image": "builtin", "cpus": 1, "memory_mb": 128, "disk_size_mb": 64,
		"mac": "52:54:00:12:34:56", "accel": "auto", "network": {"forwards": [{"host": 2222, "guest": 22}]}}]}`
	if err := os.WriteFile(home.VMs(), []byte(row), ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
	if answering != nil {
		sum := sha256.Sum256([]byte(folder)) // as vm/host finds the VM's sockets
		socket := filepath.Join(home.Run(), fmt.Sprintf("%x", sum[:6]), "api")
		if err := ondisk.MakeDir(filepath.Dir(socket)); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: answering}
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
	}
	return New(Options{Home: home})
}

// hostProcess is the API of a host process as far as forwards go.
type hostProcess struct {
	state  host.State
	refuse error // a change of forwards
	asked  func()
}

func (h *hostProcess) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_ = json.NewEncoder(w).Encode(h.state)
		return
	}
	var to struct{ Forwards []qemu.Forward }
	_ = json.NewDecoder(r.Body).Decode(&to)
	switch {
	case h.refuse != nil:
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": "port", "message": h.refuse.Error()})
		return
	case h.asked != nil:
		h.asked()
	}
	h.state.Forwards = append([]qemu.Forward{}, to.Forwards...)
}

var (
	ssh = Forward{Host: 2222, Guest: 22}
	web = Forward{Host: 8080, Guest: 80}
)

func runningHost(forwards ...qemu.Forward) *hostProcess {
	return &hostProcess{state: host.State{Name: "dev", State: host.Running, Forwards: forwards}}
}

func TestForwardsOfARunningVMCountAtOnce(t *testing.T) {
	h := runningHost(qemu.Forward{HostPort: 2222, GuestPort: 22})
	s := oneVM(t, h)
	v, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}, Unforward: []int{ssh.Host}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Forward{web}; !slices.Equal(v.Forwards, want) || !slices.Equal(v.ForwardsNow, want) ||
		!v.ForwardsLive() || len(v.PendingForwards())+len(v.OldForwards()) > 0 {
		t.Errorf("set are %v, in effect %v", v.Forwards, v.ForwardsNow)
	}
}

func TestForwardsOfAVMThatAnEarlierVersionRuns(t *testing.T) {
	s := oneVM(t, runningHost())
	v, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}})
	if err != nil || v.ForwardsLive() || v.ForwardsNow != nil || !slices.Equal(v.Forwards, []Forward{ssh, web}) {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestForwardsThatAreOtherThanSet(t *testing.T) {
	s := oneVM(t, runningHost(qemu.Forward{HostPort: 2222, GuestPort: 23}, qemu.Forward{HostPort: 8080, GuestPort: 80}))
	v, err := s.VM(t.Context(), "dev")
	if err != nil || !slices.Equal(v.PendingForwards(), []Forward{ssh}) || !slices.Equal(v.OldForwards(), []Forward{{Host: 2222, Guest: 23}, web}) {
		t.Errorf("%v, %v; %v", v.PendingForwards(), v.OldForwards(), err)
	}
	v.State, v.ForwardsNow = Stopped, nil
	if len(v.PendingForwards())+len(v.OldForwards()) > 0 {
		t.Errorf("of a stopped VM: %v, %v", v.PendingForwards(), v.OldForwards())
	}
}

func TestRefusedForwardChangesNothing(t *testing.T) {
	h := runningHost(qemu.Forward{HostPort: 2222, GuestPort: 22})
	h.refuse = errors.New("port 8080 of this computer cannot be forwarded")
	s := oneVM(t, h)
	cpus := 2
	_, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}, CPUs: &cpus})
	if p := Explain(err); p.Exit != ExitState || !strings.Contains(p.Line(), "port 8080 of this computer cannot be forwarded. Nothing was changed. End what has it") {
		t.Errorf("%+v", p)
	}
	v, err := s.VM(t.Context(), "dev")
	if err != nil || v.CPUs != 1 || !slices.Equal(v.Forwards, []Forward{ssh}) || !slices.Equal(v.ForwardsNow, []Forward{ssh}) {
		t.Errorf("%+v, %v", v, err)
	}
	h.state.State = host.Starting
	if _, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}}); !errors.Is(err, host.ErrBusy) {
		t.Errorf("while it starts: %v", err)
	}
}

// Settings that cannot be written are not in effect either.
func TestForwardsGoBackWithTheSettings(t *testing.T) {
	h := runningHost(qemu.Forward{HostPort: 2222, GuestPort: 22})
	s := oneVM(t, h)
	list := s.opt.Home.VMs()
	before, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	h.asked = func() { // the list becomes a folder, which no file replaces
		h.asked = nil
		_ = os.Remove(list)
		_ = os.MkdirAll(filepath.Join(list, "full"), 0o700)
	}
	if _, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}}); err == nil {
		t.Fatal("the settings were written over a folder")
	}
	_ = os.RemoveAll(list)
	if err := os.WriteFile(list, before, ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
	if v, err := s.VM(t.Context(), "dev"); err != nil || !slices.Equal(v.ForwardsNow, []Forward{ssh}) {
		t.Errorf("%v leads into the guest; %v", v.ForwardsNow, err)
	}
}
