package ondisk

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestLockSaysWhoHoldsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if held, _ := Held(path); held {
		t.Fatal("a missing file is held")
	}
	l, err := TryLock(path, "taking snapshot 'x'")
	if err != nil {
		t.Fatal(err)
	}
	_, err = TryLock(path, "something else")
	var busy *Busy
	if !errors.As(err, &busy) || !errors.Is(err, ErrLocked) {
		t.Fatalf("a second lock: %v", err)
	}
	if busy.Holder.Doing != "taking snapshot 'x'" || busy.Holder.PID != os.Getpid() {
		t.Errorf("holder %+v", busy.Holder)
	}
	if held, holder := Held(path); !held || holder.Doing == "" {
		t.Errorf("Held = %v, %+v", held, holder)
	}
	l.Close()
	if held, _ := Held(path); held {
		t.Error("held after Close")
	}
}

func TestMayBeHeld(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	if MayBeHeld(path) || MayBeHeld(filepath.Join(path, "none")) {
		t.Error("a missing lock may be held")
	}
	l, err := TryLock(path, "test")
	if err != nil {
		t.Fatal(err)
	}
	if !MayBeHeld(path) {
		t.Error("a held one may not")
	}
	l.Close()
	if MayBeHeld(path) || MayBeHeld(filepath.Join(path, "below a file")) {
		t.Error("a free one may be held")
	}
	circle := filepath.Join(dir, "circle")
	if err := os.Symlink("circle", circle); err != nil {
		t.Fatal(err)
	}
	if held, _ := Held(circle); held || !MayBeHeld(circle) {
		t.Error("one that cannot be asked may be held, and is not said to be")
	}
}

func TestHeldDoesNotLookLikeAHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				Held(path)
			}
		}
	}()
	for range 200 {
		l, err := TryLock(path, "test")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	close(stop)
	<-done
}

// A lock lives as long as any process that inherited it.
func TestLockIsInherited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := TryLock(path, "handing on")
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sh", "-c", "echo ready; read line")
	child.ExtraFiles = []*os.File{l.File()}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if held, _ := Held(path); !held {
		t.Error("the child's lock is gone with ours")
	}
	in.Close()
	_ = child.Wait() // read fails at the end of input; that is its way out
	if held, _ := Held(path); held {
		t.Error("still held after the child's end")
	}
}
