package app

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"vmterminal/app/ondisk"
)

// A host process that takes a VM over and is told to end would stop the VM:
// who no longer waits for it leaves it alone.
func TestInterruptedAdoptionGoesOn(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	script := "#!/bin/sh\nexec 3>$0.out 4<$0.in\necho begun >&3\nread go <&4\necho done >&3\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, pipe := range []string{".out", ".in"} {
		if err := syscall.Mkfifo(program+pipe, uint32(ondisk.FileMode)); err != nil {
			t.Fatal(err)
		}
	}
	s := New(Options{Home: ondisk.Home(t.TempDir()), Program: program})
	ctx, cancel := context.WithCancel(t.Context())
	adopted := make(chan error, 1)
	go func() { adopted <- s.adopt(ctx, "dev") }()

	out, err := os.Open(program + ".out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := os.OpenFile(program+".in", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	says := bufio.NewScanner(out)
	if !says.Scan() {
		t.Fatal("the host process did not begin")
	}
	cancel()
	if err := <-adopted; !errors.Is(err, context.Canceled) {
		t.Errorf("adopt: %v", err)
	}
	if _, err := in.WriteString("go\n"); err != nil {
		t.Fatal(err)
	}
	if !says.Scan() || says.Text() != "done" {
		t.Error("the host process was ended")
	}
}
