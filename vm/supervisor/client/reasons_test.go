package client

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

// readSentenceFile returns a file written by an earlier version, with sentences instead of
// codes.
func readSentenceFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "sentences", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadLastOfAnEarlierVersion(t *testing.T) {
	dir := home.VMDir(t.TempDir())
	if err := os.WriteFile(dir.LastExit(), readSentenceFile(t, "last.json"), durable.FileMode); err != nil {
		t.Fatal(err)
	}
	want := Last{
		Version: 1, Since: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), ExitedAt: time.Date(2026, 11, 24, 11, 0, 0, 0, time.UTC),
		ExitReason: ExitReason{Text: "QEMU died: signal: killed; disk.raw was replaced by another file while the VM ran; " +
			"what the guest wrote was saved as /data/dev/disk.raw.saved-1"},
	}
	if got, err := ReadLast(dir); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestSupervisorOfAnEarlierVersion(t *testing.T) {
	root, err := os.MkdirTemp("", "vmt") // the path of t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	store := home.Dir(root)
	sockets := SocketDirs(store.Run(), store.VM("dev"))[0]
	if err := durable.MakeDir(string(sockets)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", APISocket(sockets))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/state", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(readSentenceFile(t, "state.json")) })
	mux.HandleFunc("POST /v1/stop", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(readSentenceFile(t, "stop.jsonl")) })
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	c, err := Connect(t.Context(), store.VM("dev"), store.Run(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (PauseReason{Text: "the host's disk is full; free some space, then resume"}); s.State != Paused || s.PauseReason != want {
		t.Errorf("got state %q, reason %+v; want %q, %+v", s.State, s.PauseReason, Paused, want)
	}
	if want := []ShareState{{Path: "/srv/site"}, {"/srv/books", ShareProblem{Detail: "no 9p"}}}; !slices.Equal(s.Shares, want) {
		t.Errorf("shares: got %+v, want %+v", s.Shares, want)
	}
	if want := (State{
		Version: 1, Name: "dev", State: Paused, PauseReason: s.PauseReason, Accelerator: qemu.TCG, AcceleratorText: "emulation was asked for",
		Since: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), PID: 7, QEMUPID: 8, CPUs: 2, MemoryMB: 512, Agent: true, AgentVersion: 1, Shares: s.Shares, Forwards: []qemu.Forward{},
	}); !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
	var steps []StopStep
	if err := c.Stop(t.Context(), StopRequest{}, func(s StopStep) { steps = append(steps, s) }); err != nil {
		t.Fatal(err)
	}
	if want := []StopStep{{Text: "asking the guest to power off (at most 20s)"}, {Text: "cutting the power"}}; !slices.Equal(steps, want) {
		t.Errorf("steps: got %+v, want %+v", steps, want)
	}
}

// Reasons must survive encoding and decoding, even with an unknown code.
func TestReasonsSurviveJSON(t *testing.T) {
	for _, code := range append(slices.Clone(ExitCodes), "from_the_future") {
		sent := Last{
			Version: RecordVersion, ReplacedDisk: ReplacedDisk{Code: ReplacedDiskLost, Detail: "no space"},
			ExitReason: ExitReason{code, time.Minute, "killed", true, 7, "last words", true, ""},
		}
		data, err := json.Marshal(sent)
		var got Last
		if err == nil {
			err = json.Unmarshal(data, &got)
		}
		if err != nil || got != sent {
			t.Errorf("got %+v, %v, want %+v", got, err, sent)
		}
	}
	for _, code := range append(slices.Clone(PauseCodes), "from_the_future") {
		sent := State{State: Paused, PauseReason: PauseReason{Code: code}}
		data, err := json.Marshal(Event{Kind: EventState, State: sent})
		var got Event
		if err == nil {
			err = json.Unmarshal(data, &got)
		}
		if err != nil || !reflect.DeepEqual(got.State, sent) {
			t.Errorf("got %+v, %v, want %+v", got.State, err, sent)
		}
	}
	crash, err := json.Marshal(ExitReason{Code: ExitQEMUCrashed, Signal: "killed"})
	if want := `{"code":"qemu_crashed","signal":"killed"}`; err != nil || string(crash) != want {
		t.Errorf("got %s, %v, want %s", crash, err, want)
	}
}
