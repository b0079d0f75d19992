package app

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// Canceling the caller does not stop a supervisor that is taking over a VM, because a
// supervisor that is asked to exit stops its VM.
func TestCanceledAdoptionContinues(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	script := "#!/bin/sh\nexec 5>$0.out 6<$0.in\necho begun >&5\nwhile read say <&6; do echo $say >&5; done\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, pipe := range []string{".out", ".in"} {
		if err := syscall.Mkfifo(program+pipe, uint32(durable.FileMode)); err != nil {
			t.Fatal(err)
		}
	}
	s := New(Options{Home: home.Dir(t.TempDir()), Program: program})
	ctx, cancel := context.WithCancel(t.Context())
	adopted := make(chan error, 1)
	go func() { adopted <- s.adoptVM(ctx, "dev") }()

	// A pipe that is open for both does not wait for the program.
	out, err := os.OpenFile(program+".out", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := os.OpenFile(program+".in", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := out.SetReadDeadline(time.Now().Add(guestLimit)); err != nil {
		t.Fatal(err)
	}
	says := bufio.NewScanner(out)
	if !says.Scan() {
		t.Fatalf("the supervisor did not start: %v", says.Err())
	}
	cancel()
	if err := <-adopted; !errors.Is(err, context.Canceled) {
		t.Errorf("adopt: got %v, want context.Canceled", err)
	}
	for until := time.Now().Add(300 * time.Millisecond); time.Now().Before(until); {
		if _, err := in.WriteString("there?\n"); err != nil || !says.Scan() {
			t.Fatalf("the supervisor was stopped: %v, %v", err, says.Err())
		}
	}
}
