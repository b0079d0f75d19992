package ondisk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"vmterminal/app/ondisk/guard"
)

// ErrLocked says that another process holds the lock. TryLock wraps it in a
// *Busy.
var ErrLocked = errors.New("locked by another process")

// Holder is what the holder of a lock says of itself. It is a courtesy for
// messages, never a proof: only the lock itself tells whether it is held.
type Holder struct {
	PID   int       `json:"pid"`
	Doing string    `json:"doing"`
	Since time.Time `json:"since"`
}

// Busy is a lock that was not to be had. Holder is zero when it is not known.
type Busy struct {
	Path   string
	Holder Holder
}

func (b *Busy) Error() string {
	if b.Holder.PID == 0 {
		return ErrLocked.Error()
	}
	return fmt.Sprintf("process %d is %s", b.Holder.PID, b.Holder.Doing)
}

func (b *Busy) Unwrap() error { return ErrLocked }

// A Lock is an flock on a file that is never removed. It is freed by Close, or
// by the end of the last process that inherited its descriptor; a crash leaves
// nothing to clean.
type Lock struct{ f *os.File }

// patience is how long TryLock goes on trying: Held takes the lock for an
// instant, and that must not look like a holder.
const patience = 200 * time.Millisecond

// TryLock takes the lock at path and notes in it what for ("taking snapshot
// x"). If another holds it, it fails within a fraction of a second with a
// *Busy. The file is created if needed; its folder must exist.
func TryLock(path, doing string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, FileMode)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
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
	l.say(doing)
	return l, nil
}

// again is how often a lock is tried that is waited for: nobody tells when it is
// free.
const again = 100 * time.Millisecond

// AwaitLock is TryLock for locks that are held for long: while another holds it,
// it asks waits whether to go on waiting, until ctx ends. waits gets the *Busy,
// and whether it is asked for the first time.
func AwaitLock(ctx context.Context, path, doing string, waits func(busy error, first bool) bool) (*Lock, error) {
	for first := true; ; first = false {
		l, err := TryLock(path, doing)
		if !errors.Is(err, ErrLocked) || !waits(err, first) {
			return l, err
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// WaitLock takes the lock at path, waiting for it. Only for locks that are held
// for moments.
func WaitLock(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, FileMode)
	if err != nil {
		return nil, err
	}
	if err := flock(f, syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return &Lock{f}, nil
}

// Held tells whether some process holds the lock at path, and what it said of
// itself. A missing file is not held, nor is one that cannot be asked.
func Held(path string) (bool, Holder) {
	held, by, _ := askHeld(path)
	return held, by
}

// MayBeHeld is Held for who would destroy what the lock guards: a lock that
// cannot be asked may be held.
func MayBeHeld(path string) bool {
	held, _, err := askHeld(path)
	return held || err != nil
}

func askHeld(path string) (bool, Holder, error) {
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

// say notes what the lock is held for. Failure is of no consequence: the note
// is a courtesy.
func (l *Lock) say(doing string) {
	note, _ := json.Marshal(Holder{PID: os.Getpid(), Doing: doing, Since: time.Now().UTC()})
	if l.f.Truncate(0) == nil {
		_, _ = l.f.WriteAt(append(note, '\n'), 0)
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

// File is the descriptor to hand to a child that shall hold the lock too. It
// stays owned by the Lock.
func (l *Lock) File() *os.File { return l.f }

// Close gives up this process's share of the lock. Close on nil does nothing.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}
