package debian

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// MinSize is the size of a new disk in bytes; the guest grows its file system if the disk is
// larger. MaxSize is the limit of its partition table.
const (
	MinSize = 1 << 30
	MaxSize = 2 << 40
)

// Open returns a disk with a release of Debian, open for reading. If the disk is not in the
// folder cache, Open builds it and adds it there atomically. It is MinSize bytes long,
// sparse, and has no agent. Building takes minutes, and about 2 GB of temporary files, which
// are removed when ctx ends.
//
// The error can be a *Missing, ErrHost, ErrMirror, ErrRelease or the context's error.
func Open(ctx context.Context, cache, release string, p Progress) (*os.File, error) {
	b := build{release: release, mirrors: hostMirrors("/", release), proxy: hostProxy(ctx)}
	var err error
	if b.overlay, err = buildOverlay(); err != nil {
		return nil, err
	}
	path := home.DebianImage(cache, release, b.cacheKey())
	if f, err := os.Open(path); !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	if err := CheckTools(); err != nil {
		return nil, err
	}
	if err := durable.MakeDir(cache); err != nil {
		return nil, err
	}
	lock, err := lockBuild(ctx, home.DebianLock(cache, release), release, p)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if f, err := os.Open(path); !errors.Is(err, os.ErrNotExist) { // another process has built it
		return f, err
	}
	if err := b.buildLocked(ctx, cache, path, p); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// buildLocked builds the disk under the release's lock, until ctx ends or another process requests
// cancellation.
func (b *build) buildLocked(ctx context.Context, cache, path string, p Progress) error {
	cancelFile := home.DebianCancel(cache, b.release)
	if err := errors.Join(durable.ClearRequest(cancelFile), sweepWork(cache, b.release)); err != nil {
		return err
	}
	ctx, end := durable.WatchCancel(ctx, cancelFile)
	defer func() {
		end()
		_ = durable.ClearRequest(cancelFile) // the next holder of the lock does this too
	}()
	if err := b.writeDisk(ctx, path, p); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return err
	}
	_ = sweepDisks(cache, b.release, path)
	return nil
}

// cacheKey returns a digest of the inputs of the build, except for the packages' contents.
func (b *build) cacheKey() string {
	sum := sha256.New()
	sum.Write(b.overlay)
	fmt.Fprintf(sum, "%s\n%s\n%s\n%d\n", b.script(), packages, fsOptions, MinSize)
	return fmt.Sprintf("%x", sum.Sum(nil)[:6])
}

// lockBuild acquires the lock of a build, which another process may hold for minutes.
func lockBuild(ctx context.Context, path, release string, p Progress) (*durable.Lock, error) {
	return durable.AwaitLock(ctx, path, durable.Activity{Code: ActivityBuild, Name: release}, func(_ error, first bool) bool {
		if first {
			p.Phase(PhaseWait, 0)
		}
		return true
	})
}

// sweepWork removes leftovers of killed builds of a release. The caller must hold the
// release's lock.
func sweepWork(cache, release string) error {
	return removeMatching(cache, func(name string) bool { return strings.HasPrefix(name, home.DebianWorkPrefix(release)) })
}

// sweepDisks removes the disks of a release except keep, such as those built by an earlier
// version of this program. The caller must hold the release's lock.
func sweepDisks(cache, release, keep string) error {
	return removeMatching(cache, func(name string) bool {
		return home.IsDebianImage(name, release) && filepath.Join(cache, name) != keep
	})
}

func removeMatching(dir string, matches func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !matches(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
