package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"vmterminal/snapshot/durable/guard"
)

// ErrLocked means that another process holds the lock. TryLock wraps it in a *Busy.
var ErrLocked = errors.New("locked by another process")

// Holder is the information that the holder of a lock wrote about itself. It is only for
// messages: the lock itself decides whether it is held.
type Holder struct {
	PID      int       `json:"pid"`
	Activity Activity  `json:"activity"`
	Since    time.Time `json:"since"`
}

// An Activity describes what a process holds a lock for. Front ends put it into words.
type Activity struct {
	// Code identifies the activity; each package that takes locks defines its own codes.
	// It is empty in a lock file of an earlier version, which has an English phrase in
	// Name.
	Code string `json:"code,omitempty"`
	// Name is the name of the object that the process works on, if any.
	Name string `json:"name,omitempty"`
}

// String returns the activity for logs: "snapshot_create base".
func (a Activity) String() string { return strings.TrimSpace(a.Code + " " + a.Name) }

// UnmarshalJSON also reads the lock files of earlier versions, which hold an English
// phrase instead of an Activity.
func (h *Holder) UnmarshalJSON(data []byte) error {
	type plain Holder // without this method
	stored := struct {
		*plain
		Doing string `json:"doing"`
	}{plain: (*plain)(h)}
	err := json.Unmarshal(data, &stored)
	if h.Activity == (Activity{}) {
		h.Activity.Name = stored.Doing
	}
	return err
}

// Busy is the error for a lock that another process holds. Holder is zero if it is unknown.
type Busy struct {
	Path   string
	Holder Holder
}

func (b *Busy) Error() string {
	if b.Holder.PID == 0 {
		return ErrLocked.Error()
	}
	return fmt.Sprintf("locked by process %d (%v)", b.Holder.PID, b.Holder.Activity)
}

func (b *Busy) Unwrap() error { return ErrLocked }

// Lock is an flock on a file that is never removed. It is released by Close, or when the
// last process that inherited its descriptor exits. A crash leaves nothing to clean up.
type Lock struct{ f *os.File }

const (
	// tryLockTimeout is how long TryLock waits for a holder, which may be about to exit.
	tryLockTimeout = 200 * time.Millisecond
	// queryTimeout is how long TryLock waits for processes in IsLocked. They share the lock
	// for an instant, which must not look like a holder. It is longer on a busy machine.
	queryTimeout = 10 * time.Second
)

// TryLock acquires the lock at path and writes the activity into it. If another process
// holds it, TryLock fails within a fraction of a second with a *Busy, but it waits longer for
// processes in IsLocked. The file is created if needed; its folder must exist.
func TryLock(path string, activity Activity) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, FileMode)
	if err != nil {
		return nil, err
	}
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		timeout := tryLockTimeout
		if flock(f, syscall.LOCK_SH|syscall.LOCK_NB) == nil { // others only share it
			_ = flock(f, syscall.LOCK_UN)
			timeout = queryTimeout
		}
		if time.Since(start) > timeout {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = &Busy{Path: path, Holder: readHolder(f)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	l := &Lock{f}
	l.writeHolder(activity)
	return l, nil
}

// lockRetryInterval is how often AwaitLock polls; flock has no notification.
const lockRetryInterval = 100 * time.Millisecond

// AwaitLock acquires a lock that may be held for long. It calls TryLock repeatedly until it
// succeeds, ctx ends, or shouldWait returns false. shouldWait is called with the *Busy
// after each failure; first is true on the first call.
func AwaitLock(ctx context.Context, path string, activity Activity, shouldWait func(busy error, first bool) bool) (*Lock, error) {
	for first := true; ; first = false {
		l, err := TryLock(path, activity)
		if !errors.Is(err, ErrLocked) || !shouldWait(err, first) {
			return l, err
		}
		select {
		case <-time.After(lockRetryInterval):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// WaitLock acquires the lock at path, and blocks until it is free.
func WaitLock(path string) (*Lock, error) { return lockWithin(path, nil) }

// briefLockTimeout is how long BriefLock waits. Even on a slow disk, the holders ahead of it
// need much less.
const briefLockTimeout = time.Minute

// BriefLock acquires a lock that processes hold only briefly, and blocks until it is free. If
// its holder does not release it within a minute, because it is suspended or its disk does
// not respond, BriefLock fails with a *Busy.
func BriefLock(path string) (*Lock, error) {
	return lockWithin(path, time.After(briefLockTimeout))
}

// lockWithin acquires the lock at path. It fails with a *Busy when timeout fires first.
func lockWithin(path string, timeout <-chan time.Time) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, FileMode)
	if err != nil {
		return nil, err
	}
	acquired := make(chan error, 1)
	go func() { acquired <- flock(f, syscall.LOCK_EX) }()
	select {
	case err = <-acquired:
	case <-timeout:
		go func() { // flock cannot be interrupted
			<-acquired //nolint:errcheck // the lock is released, acquired or not
			f.Close()
		}()
		return nil, &Busy{Path: path}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Lock{f}, nil
}

// IsLocked reports whether a process holds the lock at path, and returns that process. A
// lock whose file is missing or cannot be opened is not held.
func IsLocked(path string) (bool, Holder) {
	held, by, _ := QueryLock(path)
	return held, by
}

// MayBeLocked is like IsLocked, but returns true if the lock cannot be queried. It is for
// callers that would destroy what the lock guards.
func MayBeLocked(path string) bool {
	held, _, err := QueryLock(path)
	return held || err != nil
}

// QueryLock is like IsLocked, but also returns the reason if the lock cannot be queried.
func QueryLock(path string) (bool, Holder, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, Holder{}, nil
	}
	if err != nil {
		return false, Holder{}, err
	}
	defer f.Close()
	err = flock(f, syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, readHolder(f), nil
	}
	return false, Holder{}, err
}

func flock(f *os.File, how int) error {
	if !guard.On(guard.Lock) {
		return nil
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// writeHolder writes the holder into the lock file. It ignores errors, as this is only for
// messages.
func (l *Lock) writeHolder(activity Activity) {
	holder, _ := json.Marshal(Holder{PID: os.Getpid(), Activity: activity, Since: time.Now().UTC()})
	if l.f.Truncate(0) == nil {
		_, _ = l.f.WriteAt(append(holder, '\n'), 0)
	}
}

func readHolder(f *os.File) Holder {
	var h Holder
	data, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	if err != nil || json.Unmarshal(data, &h) != nil {
		return Holder{}
	}
	return h
}

// File returns the lock's file, to be inherited by a child process that must hold the lock
// too. The Lock still owns the file.
func (l *Lock) File() *os.File { return l.f }

// Close releases the lock, unless a child process still holds it. Closing a nil Lock does
// nothing.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}
