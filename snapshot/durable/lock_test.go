package durable

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestLockWithinGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := TryLock(path, Activity{})
	if err != nil {
		t.Fatal(err)
	}
	expired := make(chan time.Time)
	close(expired)
	if l, err := lockWithin(path, expired); !errors.Is(err, ErrLocked) {
		t.Fatalf("lock that stays held: got %v, %v; want ErrLocked", l, err)
	}
	held.Close()
	l, err := WaitLock(path) // the attempt that gave up must not keep the lock
	if err != nil {
		t.Fatalf("lock that is free again: %v", err)
	}
	l.Close()
}

func TestLockReportsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if held, _ := IsLocked(path); held {
		t.Fatal("missing lock: got a held lock, want it free")
	}
	l, err := TryLock(path, Activity{"snapshot_create", "x"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = TryLock(path, Activity{Code: "other"})
	var busy *Busy
	if !errors.As(err, &busy) || !errors.Is(err, ErrLocked) {
		t.Fatalf("second TryLock: got %v, want a *Busy", err)
	}
	if busy.Holder.Activity != (Activity{"snapshot_create", "x"}) || busy.Holder.PID != os.Getpid() {
		t.Errorf("got the holder %+v, want this process and activity", busy.Holder)
	}
	if held, holder := IsLocked(path); !held || holder.Activity != busy.Holder.Activity {
		t.Errorf("IsLocked = %v, %+v; want Activity %v", held, holder, busy.Holder.Activity)
	}
	l.Close()
	if held, _ := IsLocked(path); held {
		t.Error("got a held lock after Close, want it free")
	}
}

func TestMayBeLocked(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	if MayBeLocked(path) || MayBeLocked(filepath.Join(path, "none")) {
		t.Error("missing lock: got MayBeLocked true, want false")
	}
	l, err := TryLock(path, Activity{Code: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if !MayBeLocked(path) {
		t.Error("held lock: got MayBeLocked false, want true")
	}
	l.Close()
	if MayBeLocked(path) || MayBeLocked(filepath.Join(path, "below a file")) {
		t.Error("free lock: got MayBeLocked true, want false")
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if held, _ := IsLocked(loop); held || !MayBeLocked(loop) {
		t.Error("lock that cannot be queried: want IsLocked false, MayBeLocked true")
	}
}

func TestIsLockedDoesNotBlockTryLock(t *testing.T) {
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
				IsLocked(path)
			}
		}
	}()
	for range 200 {
		l, err := TryLock(path, Activity{Code: "test"})
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	close(stop)
	<-done
}

// TestTryLockWaitsForSlowQuery acquires a lock while a process in IsLocked, which has been
// suspended, shares it for longer than TryLock waits for a holder.
func TestTryLockWaitsForSlowQuery(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	query, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := flock(query, syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	resume := time.AfterFunc(2*tryLockTimeout, func() { query.Close() })
	defer resume.Stop()
	l, err := TryLock(path, Activity{Code: "test"})
	if err != nil {
		t.Fatalf("got error %v, want the lock after the query", err)
	}
	l.Close()
}

// TestLockIsInherited checks that a lock is held until the last process that inherited it
// exits.
func TestLockIsInherited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := TryLock(path, Activity{Code: "test"})
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
	if held, _ := IsLocked(path); !held {
		t.Error("got a free lock, want the child to hold it")
	}
	in.Close()
	_ = child.Wait() // exits with 1, as read fails at the end of input
	if held, _ := IsLocked(path); held {
		t.Error("got a held lock after the child exited, want it free")
	}
}

// TestLockOfEarlierVersion reads a lock file with an English phrase instead of an activity.
func TestLockOfEarlierVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := TryLock(path, Activity{Code: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(path, []byte(`{"pid":7,"doing":"taking snapshot 'x'","since":"2026-11-28T10:00:00Z"}`), FileMode); err != nil {
		t.Fatal(err)
	}
	held, holder := IsLocked(path)
	if want := (Activity{Name: "taking snapshot 'x'"}); !held || holder.Activity != want || holder.PID != 7 || holder.Since.IsZero() {
		t.Errorf("got %v, %+v, want a lock with activity %+v", held, holder, want)
	}
}
