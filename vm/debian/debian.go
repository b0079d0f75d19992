package debian

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/ondisk"
)

// MinSize is the size of the disk that is made, in bytes; the guest lets its file
// system fill a larger one. MaxSize is the largest that its partition table tells.
const (
	MinSize = 1 << 30
	MaxSize = 2 << 40
)

// Open returns the disk of a release, open for reading, from the folder cache or
// newly built; then it is put there, where it appears whole or not at all. It is
// MinSize bytes long, sparse, and without an agent. Building takes minutes, and
// about 2 GB for temporary files. When ctx ends nothing is left of it.
//
// The errors: a *Missing, ErrHost, ErrMirror, ErrRelease, the context's.
func Open(ctx context.Context, cache, release string, p Progress) (*os.File, error) {
	b := build{release: release, mirrors: hostMirrors("/", release), proxy: hostProxy(ctx)}
	var err error
	if b.overlay, err = overlay(); err != nil {
		return nil, err
	}
	path := ondisk.DebianImage(cache, release, b.key())
	if f, err := os.Open(path); !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	if err := CheckTools(); err != nil {
		return nil, err
	}
	if err := ondisk.MakeDir(cache); err != nil {
		return nil, err
	}
	lock, err := waitFor(ctx, ondisk.DebianLock(cache, release), p)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if f, err := os.Open(path); !errors.Is(err, os.ErrNotExist) { // another has built it meanwhile
		return f, err
	}
	if err := b.build(ctx, cache, path, p); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// build makes the disk, under the release's lock, until ctx ends or somebody asks for
// its end.
func (b *build) build(ctx context.Context, cache, path string, p Progress) error {
	asks := ondisk.DebianCancel(cache, b.release)
	if err := errors.Join(ondisk.ForgetAsks(asks), sweepWork(cache, b.release)); err != nil {
		return err
	}
	ctx, end := ondisk.Obeying(ctx, asks)
	defer func() {
		end()
		_ = ondisk.ForgetAsks(asks) // the next holder does it, too
	}()
	if err := b.into(ctx, path, p); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return err
	}
	_ = sweepDisks(cache, b.release, path)
	return nil
}

// key names what a build makes, as far as that is decided here.
func (b *build) key() string {
	sum := sha256.New()
	sum.Write(b.overlay)
	fmt.Fprintf(sum, "%s\n%s\n%s\n%d\n", b.script(), packages, fsOptions, MinSize)
	return fmt.Sprintf("%x", sum.Sum(nil)[:6])
}

// waitFor takes the lock of a build, which another may hold for minutes.
func waitFor(ctx context.Context, path string, p Progress) (*ondisk.Lock, error) {
	return ondisk.AwaitLock(ctx, path, "building Debian from packages", func(_ error, first bool) bool {
		if first {
			p.Phase(PhaseWait, 0)
		}
		return true
	})
}

// sweepWork removes what killed builds of a release have left. Call it under the
// release's lock.
func sweepWork(cache, release string) error {
	return removeAll(cache, func(name string) bool { return strings.HasPrefix(name, ondisk.DebianWork(release)) })
}

// sweepDisks removes the disks of a release but keep, as an older program may have
// built them. Call it under the release's lock.
func sweepDisks(cache, release, keep string) error {
	return removeAll(cache, func(name string) bool {
		return ondisk.IsDebianImage(name, release) && filepath.Join(cache, name) != keep
	})
}

func removeAll(dir string, goes func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !goes(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
