package guest_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"vmterminal/snapshot"
	"vmterminal/snapshot/blockserver"
)

// countedDisk counts the bytes that are read.
type countedDisk struct {
	*snapshot.Reader
	read atomic.Int64
}

func (c *countedDisk) ReadAt(p []byte, off int64) (int, error) {
	c.read.Add(int64(len(p)))
	return c.Reader.ReadAt(p, off)
}

// serveSnapshot takes a snapshot of a disk and serves it on a socket.
func serveSnapshot(t *testing.T, disk string) (served *countedDisk, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "vmt") // the path of t.TempDir may be too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	store := snapshot.Open(snapshot.Paths{
		Disk: disk, Undo: filepath.Join(dir, "undo"), Rows: filepath.Join(dir, "rows"), RowsLock: filepath.Join(dir, "lock"),
		Snapshots: filepath.Join(dir, "snapshots"), Firmware: filepath.Join(dir, "firmware"),
	})
	source, err := snapshot.OpenDisk(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	if _, err := store.Create(t.Context(), source, snapshot.Request{Name: "base", Taken: snapshot.TakenStopped}, nil); err != nil {
		t.Fatal(err)
	}
	reader, err := store.OpenReader(t.Context(), "base", nil)
	if err != nil {
		t.Fatal(err)
	}
	served = &countedDisk{Reader: reader}
	socket = filepath.Join(dir, "nbd")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- blockserver.Serve(ctx, l, served, blockserver.Options{Export: "base", OnReadError: func(err error) { t.Errorf("read: %v", err) }})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		_ = reader.Close()
	})
	return served, socket
}

// TestBootFromServedSnapshot boots a guest whose disk is an overlay on a snapshot that is
// read in place.
func TestBootFromServedSnapshot(t *testing.T) {
	disk := newDisk(t)
	served, socket := serveSnapshot(t, disk)
	overlay := filepath.Join(t.TempDir(), "overlay.qcow2")
	if out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", overlay, "10G").CombinedOutput(); err != nil {
		t.Fatalf("qemu-img create: %v\n%s", err, out)
	}
	m := startBlock(t, map[string]any{
		"driver": "qcow2", "node-name": "disk0",
		"file": map[string]any{"driver": "file", "filename": overlay},
		"backing": map[string]any{
			"driver": "nbd", "export": "base", "read-only": true,
			"server": map[string]any{"type": "unix", "path": socket},
		},
	}, "one")
	m.connect()
	m.prompt()
	if got := m.run("echo written >/root/note; sync; cat /root/note"); strings.TrimSpace(got) != "written" {
		t.Errorf("got %q from the file just written, want %q", got, "written")
	}
	// Only a small part of the disk is needed to boot.
	if got := served.read.Load(); got == 0 || got > 64<<20 {
		t.Errorf("the boot read %d bytes of the snapshot, want a few MiB", got)
	}
}
