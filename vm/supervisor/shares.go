package supervisor

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
	"vmterminal/vm/supervisor/client"
)

// Share is a folder on the host and the folder in the guest where it is mounted.
type Share struct {
	qemu.Share
	GuestDir string
}

// mountTimeout is how long a guest may take to mount its shares. It may have to load
// kernel modules first. The agent is not used before that.
const mountTimeout = 15 * time.Second

// checkShares checks whether the folders can be shared, as QEMU's errors are less
// specific.
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
		return fmt.Errorf("folder '%s' %w: it does not exist", s.Path, client.ErrShare)
	case err != nil:
		return fmt.Errorf("folder '%s' %w: %w", s.Path, client.ErrShare, err)
	case !info.IsDir():
		return fmt.Errorf("'%s' %w: it is not a folder", s.Path, client.ErrShare)
	case unix.Access(s.Path, unix.R_OK|unix.X_OK) != nil:
		return fmt.Errorf("folder '%s' %w: no permission to read it", s.Path, client.ErrShare)
	case s.ReadOnly:
		return nil
	case unix.Access(s.Path, unix.W_OK) != nil:
		return fmt.Errorf("folder '%s' %w for writing: no permission to write; share it as %s:ro", s.Path, client.ErrShare, s.Path)
	}
	// QEMU stores the guest's owners and modes in extended attributes.
	if _, err := unix.Getxattr(s.Path, "user.virtfs.uid", nil); errors.Is(err, unix.ENOTSUP) {
		return fmt.Errorf("folder '%s' %w for writing: its file system does not support extended attributes; share it as %s:ro", s.Path, client.ErrShare, s.Path)
	}
	return nil
}

func qemuShares(list []Share) (out []qemu.Share) {
	for _, s := range list {
		out = append(out, s.Share)
	}
	return out
}

// mountShares makes the guest mount its shares and records the results.
func (l *agentLink) mountShares(ctx context.Context, a guestAgent) {
	if len(l.shares) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, mountTimeout)
	defer cancel()
	var mounts []agent.Mount
	for _, s := range l.shares {
		mounts = append(mounts, agent.Mount{Tag: s.Tag(), Dir: s.GuestDir, ReadOnly: s.ReadOnly})
	}
	problems, err := a.Mount(limited, mounts)
	if ctx.Err() != nil {
		return
	}
	before := l.state.get().Shares
	states := make([]client.ShareState, len(l.shares))
	for i, s := range l.shares {
		states[i].Path = s.Path
		switch {
		case errors.Is(err, agent.ErrUnsupported):
			states[i].Code = client.ShareAgentTooOld
		case err != nil:
			states[i].Code, states[i].Detail = client.ShareMountFailed, err.Error()
		case problems[i] != "":
			states[i].Code, states[i].Detail = client.ShareMountFailed, problems[i]
		}
		if p := states[i].ShareProblem; p.Code != "" && !slices.Contains(before, states[i]) {
			l.logNote(fmt.Sprintf("folder '%s' is not shared (%s): %s", s.Path, p.Code, p.Detail))
		}
	}
	l.state.update(client.EventAgent, func(s *client.State) { s.Shares = states })
}
