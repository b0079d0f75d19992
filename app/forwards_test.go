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

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// serviceWithSupervisor returns a Service with the VM dev. The handler answering implements the
// API of its supervisor; if it is nil, no supervisor answers.
func serviceWithSupervisor(t *testing.T, answering http.Handler) *Service {
	t.Helper()
	dir, err := os.MkdirTemp("", "vmt") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	root := home.Dir(dir)
	folder := root.VM("dev")
	if err := durable.MakeDir(string(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder.Disk(), make([]byte, 1<<20), durable.FileMode); err != nil {
		t.Fatal(err)
	}
	row := `{"version": 1, "vms": [{"name": "dev", "id": "a", "image": "builtin", "cpus": 1, "memory_mb": 128, "disk_size_mb": 64,
		"mac": "52:54:00:12:34:56", "accel": "auto", "network": {"forwards": [{"host": 2222, "guest": 22}]}}]}`
	if err := os.WriteFile(root.VMs(), []byte(row), durable.FileMode); err != nil {
		t.Fatal(err)
	}
	if answering != nil {
		sum := sha256.Sum256([]byte(folder)) // the folder in which vm/supervisor looks for the VM's sockets
		socket := filepath.Join(root.Run(), fmt.Sprintf("%x", sum[:6]), "api")
		if err := durable.MakeDir(filepath.Dir(socket)); err != nil {
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
	return New(Options{Home: root})
}

// fakeSupervisor implements the supervisor's API for forwards.
type fakeSupervisor struct {
	state  client.State
	refuse error // if not nil, rejects changes of forwards
	asked  func()
}

func (h *fakeSupervisor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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

func newFakeSupervisor(forwards ...qemu.Forward) *fakeSupervisor {
	return &fakeSupervisor{state: client.State{Name: "dev", State: client.Running, Forwards: forwards}}
}

func TestForwardsOfRunningVMTakeEffectAtOnce(t *testing.T) {
	h := newFakeSupervisor(qemu.Forward{HostPort: 2222, GuestPort: 22})
	s := serviceWithSupervisor(t, h)
	v, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}, Unforward: []int{ssh.Host}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Forward{web}; !slices.Equal(v.Forwards, want) || !slices.Equal(v.ForwardsNow, want) ||
		!v.ForwardsLive() || len(v.PendingForwards())+len(v.RemovedForwards()) > 0 {
		t.Errorf("got forwards %v, in effect %v, want only %v in both", v.Forwards, v.ForwardsNow, web)
	}
}

func TestForwardsWithSupervisorOfEarlierVersion(t *testing.T) {
	s := serviceWithSupervisor(t, newFakeSupervisor())
	v, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}})
	if err != nil || v.ForwardsLive() || v.ForwardsNow != nil || !slices.Equal(v.Forwards, []Forward{ssh, web}) {
		t.Errorf("got %+v, error %v, want both forwards in the settings only", v, err)
	}
}

func TestForwardsDifferFromSettings(t *testing.T) {
	s := serviceWithSupervisor(t, newFakeSupervisor(qemu.Forward{HostPort: 2222, GuestPort: 23}, qemu.Forward{HostPort: 8080, GuestPort: 80}))
	v, err := s.VM(t.Context(), "dev")
	if err != nil || !slices.Equal(v.PendingForwards(), []Forward{ssh}) || !slices.Equal(v.RemovedForwards(), []Forward{{Host: 2222, Guest: 23}, web}) {
		t.Errorf("got pending %v, removed %v, error %v, want the forwards that differ", v.PendingForwards(), v.RemovedForwards(), err)
	}
	v.State, v.ForwardsNow = Stopped, nil
	if len(v.PendingForwards())+len(v.RemovedForwards()) > 0 {
		t.Errorf("stopped VM: got pending %v, removed %v, want none", v.PendingForwards(), v.RemovedForwards())
	}
}

func TestRefusedForwardChangesNothing(t *testing.T) {
	h := newFakeSupervisor(qemu.Forward{HostPort: 2222, GuestPort: 22})
	h.refuse = errors.New("port 8080 of the host cannot be forwarded")
	s := serviceWithSupervisor(t, h)
	cpus := 2
	_, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}, CPUs: &cpus})
	if p := Explain(err); p.Code != problem.PortInUse || p.Exit != problem.ExitState || !strings.Contains(p.String(), "port 8080 of the host cannot be forwarded (nothing_changed)") {
		t.Errorf("got problem %+v, want %s that names the port", p, problem.PortInUse)
	}
	v, err := s.VM(t.Context(), "dev")
	if err != nil || v.CPUs != 1 || !slices.Equal(v.Forwards, []Forward{ssh}) || !slices.Equal(v.ForwardsNow, []Forward{ssh}) {
		t.Errorf("got %+v, error %v, want the previous settings and forwards", v, err)
	}
	h.state.State = client.Starting
	if _, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}}); !errors.Is(err, client.ErrBusy) {
		t.Errorf("while the VM is starting: got %v, want ErrBusy", err)
	}
}

// If the settings cannot be written, the active forwards are reverted.
func TestForwardsAreRevertedWithSettings(t *testing.T) {
	h := newFakeSupervisor(qemu.Forward{HostPort: 2222, GuestPort: 22})
	s := serviceWithSupervisor(t, h)
	list := s.opt.Home.VMs()
	before, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	h.asked = func() { // replace the list with a folder, over which no file can be moved
		h.asked = nil
		_ = os.Remove(list)
		_ = os.MkdirAll(filepath.Join(list, "full"), 0o700)
	}
	if _, err := s.SetVM(t.Context(), "dev", VMSettings{Forward: []Forward{web}}); err == nil {
		t.Fatal("the settings were written over a folder")
	}
	_ = os.RemoveAll(list)
	if err := os.WriteFile(list, before, durable.FileMode); err != nil {
		t.Fatal(err)
	}
	if v, err := s.VM(t.Context(), "dev"); err != nil || !slices.Equal(v.ForwardsNow, []Forward{ssh}) {
		t.Errorf("got forwards in effect %v, error %v, want %v", v.ForwardsNow, err, ssh)
	}
}
