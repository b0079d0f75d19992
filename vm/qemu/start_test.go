package qemu

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vmterminal/vm/qmp"
)

// testVM is a paused machine without a guest, which is enough to test QEMU itself.
type testVM struct {
	client  *qmp.Client
	sockets Sockets
	disk    string
	process *exec.Cmd
	said    *bytes.Buffer // QEMU's stderr; read it only after QEMU has exited
}

// startMachine runs a machine whose disk is size bytes long, in a folder with a comma in its
// name. If shell is set, a shell runs that command and then QEMU ("ulimit …; exec \"$@\"").
func startMachine(t *testing.T, size int64, shell string) *testVM {
	t.Helper()
	return startMachineWith(t, size, shell, func(*Machine) {})
}

// startMachineWith is like startMachine, and lets change adjust the machine.
func startMachineWith(t *testing.T, size int64, shell string, change func(*Machine)) *testVM {
	t.Helper()
	dir, err := os.MkdirTemp("", "vm,t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &testVM{sockets: Sockets(filepath.Join(dir, "run,")), disk: filepath.Join(dir, "disk,driver=x.raw"), said: &bytes.Buffer{}}
	if err := os.WriteFile(r.disk, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(r.disk, size); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(r.sockets)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := testMachine()
	m.Disk, m.Kernel, m.Append, m.Forwards, m.Paused = r.disk, "", "", nil, true
	change(&m)
	args, err := m.Args()
	if err != nil {
		t.Fatal(err)
	}
	binary, _, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{binary}, args...)
	if shell != "" {
		args = append([]string{"/bin/sh", "-c", shell + `; exec "$0" "$@"`}, args...)
	}
	r.process = exec.Command(args[0], args[1:]...)
	r.process.ExtraFiles = l.Files()
	r.process.Stderr = r.said
	if err := r.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.process.Process.Kill()
		_ = r.process.Wait()
		if t.Failed() {
			t.Logf("QEMU's messages: %s", r.said)
		}
	})
	l.Close()
	if r.client, err = qmp.Dial(t.Context(), r.sockets.QMP(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.client.Close() })
	return r
}

// write changes the disk like a guest, through the device's own node.
func (r *testVM) write(t *testing.T, command string) {
	t.Helper()
	var said string
	err := r.client.Do(t.Context(), "human-monitor-command",
		props{"command-line": `qemu-io -d /machine/peripheral/vd0/virtio-backend "` + command + `"`}, &said)
	if err != nil || bytes.Contains([]byte(said), []byte("rror")) {
		t.Errorf("%s: got output %s, error %v; want neither", command, said, err)
	}
}
