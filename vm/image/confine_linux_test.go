package image

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// script runs a bash script like qemu-img and returns its output.
func script(t *testing.T, text string, from, disk *os.File) string {
	t.Helper()
	cmd := exec.Command("/bin/bash", "-c", text)
	cmd.ExtraFiles = []*os.File{from, disk}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	var printed []byte
	err = runConfined(cmd, from, disk, func() { printed, _ = io.ReadAll(out) })
	text = string(printed) + stderr.String()
	if err != nil {
		text += err.Error()
	}
	return text
}

func TestConfinement(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("a secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	from, err := os.Create(filepath.Join(dir, "from"))
	if err == nil {
		_, err = from.WriteString("the image")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if err := os.Remove(from.Name()); err != nil { // like the temporary file of a decompressed image
		t.Fatal(err)
	}
	disk, err := os.Create(filepath.Join(dir, "disk"))
	if err == nil {
		err = disk.Truncate(1 << 20)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()

	if got := script(t, "cat "+fromPath+"; echo written 1<>"+diskPath, from, disk); got != "the image" {
		t.Errorf("with its own files: got %q, want %q", got, "the image")
	}
	if b, err := os.ReadFile(disk.Name()); err != nil || !strings.HasPrefix(string(b), "written\n") {
		t.Errorf("got other data on the disk, or error %v; want the written data", err)
	}
	for what, text := range map[string]string{
		"a file":      "cat " + secret,
		"a new file":  "echo x >" + filepath.Join(dir, "new"),
		"the network": "echo x >/dev/tcp/127.0.0.1/1",
		"too long":    "until [ $(ulimit -f) = 1024 ]; do :; done; dd if=/usr/bin/env of=" + diskPath + " bs=1k count=1 seek=2k conv=notrunc",
	} {
		got := script(t, text, from, disk)
		refused := false
		for _, word := range []string{"ermission denied", "not permitted", "limit exceeded"} {
			refused = refused || strings.Contains(got, word)
		}
		if !refused || strings.Contains(got, "a secret") {
			t.Errorf("%s: got %q, want it refused", what, got)
		}
	}
	if got := script(t, "until [ $(ulimit -d) = 1048576 ]; do :; done; echo limited", from, disk); got != "limited\n" {
		t.Errorf("memory limit: got %q, want %q", got, "limited\n")
	}
	if info, err := disk.Stat(); err != nil || info.Size() != 1<<20 {
		t.Errorf("disk size: got %v, %v; want %v", info.Size(), err, 1<<20)
	}

	// The process that started the command is not confined.
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if b, err := os.ReadFile(secret); err != nil || string(b) != "a secret" {
				t.Errorf("ReadFile: got %q, %v; want %q", b, err, "a secret")
			}
		})
	}
	all.Wait()
}
