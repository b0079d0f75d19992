package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
)

// ErrShare says that a folder cannot be shared.
var ErrShare = errors.New("cannot be shared")

// Share is a folder of this computer, and where the guest is to have it.
type Share struct {
	qemu.Share
	GuestDir string
}

// ShareState tells what became of a share of a running VM.
type ShareState struct {
	Path    string `json:"path"`
	Problem string `json:"problem,omitempty"` // why the guest does not have it
}

// mountLimit is how long a guest may take to mount its shares before the VM counts
// as reachable without them: it may have to load modules first.
const mountLimit = 15 * time.Second

// checkShares looks whether the folders can be shared, as QEMU says less about it.
func checkShares(ctx context.Context, binary string, shares []Share) error {
	for _, s := range shares {
		if err := checkShare(s.Share); err != nil {
			return err
		}
	}
	if len(shares) == 0 {
		return nil
	}
	return qemu.CheckSharing(ctx, binary)
}

func checkShare(s qemu.Share) error {
	info, err := os.Stat(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder '%s' %w: it is not there", s.Path, ErrShare)
	case err != nil:
		return fmt.Errorf("folder '%s' %w: %w", s.Path, ErrShare, err)
	case !info.IsDir():
		return fmt.Errorf("'%s' %w: it is not a folder", s.Path, ErrShare)
	case unix.Access(s.Path, unix.R_OK|unix.X_OK) != nil:
		return fmt.Errorf("folder '%s' %w: this user may not read it", s.Path, ErrShare)
	case s.ReadOnly:
		return nil
	case unix.Access(s.Path, unix.W_OK) != nil:
		return fmt.Errorf("folder '%s' %w for writing: this user may not write there; share it as %s:ro", s.Path, ErrShare, s.Path)
	}
	// What the guest writes has its owner and mode in such attributes.
	if _, err := unix.Getxattr(s.Path, "user.virtfs.uid", nil); errors.Is(err, unix.ENOTSUP) {
		return fmt.Errorf("folder '%s' %w for writing: its file system has no extended attributes; share it as %s:ro", s.Path, ErrShare, s.Path)
	}
	return nil
}

// qemuShares is what QEMU needs to know of them.
func qemuShares(list []Share) (out []qemu.Share) {
	for _, s := range list {
		out = append(out, s.Share)
	}
	return out
}

// mountShares has the guest mount its shares, and notes what came of it.
func (l *agentLink) mountShares(ctx context.Context, a guestAgent) {
	if len(l.shares) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, mountLimit)
	defer cancel()
	var mounts []agent.Mount
	for _, s := range l.shares {
		mounts = append(mounts, agent.Mount{Tag: s.Tag(), Dir: s.GuestDir, ReadOnly: s.ReadOnly})
	}
	problems, err := a.Mount(limited, mounts)
	if ctx.Err() != nil {
		return
	}
	before := l.board.get().Shares
	states := make([]ShareState, len(l.shares))
	for i, s := range l.shares {
		states[i].Path = s.Path
		switch {
		case errors.Is(err, agent.ErrUnsupported):
			states[i].Problem = "the guest's agent is too old to mount it"
		case err != nil:
			states[i].Problem = err.Error()
		default:
			states[i].Problem = problems[i]
		}
		if p := states[i].Problem; p != "" && !slices.Contains(before, states[i]) {
			l.note("folder '" + s.Path + "' is not shared: " + p)
		}
	}
	l.board.update(EventAgent, func(s *State) { s.Shares = states })
}
