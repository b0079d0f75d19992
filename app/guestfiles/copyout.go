package guestfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"vmterminal/app/job"
)

// OutTarget returns the path to which CopyOut is to write. from is the path in the guest; to is
// a folder on the host or a new name. OutTarget returns [ErrCopy] if from has no base name, or
// if to leaves the working directory through a symbolic link.
func OutTarget(from, to string) (string, error) {
	base := path.Base(from)
	if base == "/" || base == "." || base == ".." {
		return "", fmt.Errorf("%w: %s has no name", ErrCopy, from)
	}
	if err := checkStaysInWorkDir(to); err != nil {
		return "", err
	}
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, base)
	}
	return to, nil
}

// checkStaysInWorkDir returns an error if a destination below the working directory leaves it through a
// symbolic link, which may come from a guest or an archive.
func checkStaysInWorkDir(to string) error {
	if !filepath.IsLocal(to) {
		return nil
	}
	workDir, err := os.OpenRoot(".")
	if err != nil {
		return err
	}
	defer func() { _ = workDir.Close() }()
	for _, p := range []string{to, filepath.Dir(to)} {
		if _, err := os.Stat(p); err != nil {
			continue
		}
		if _, err := workDir.Stat(p); err != nil {
			real, _ := filepath.EvalSymlinks(p)
			return fmt.Errorf("%w: %s is a symbolic link to another folder; to use that folder, copy to %s", ErrCopy, p, real)
		}
	}
	return nil
}

// maxPadding exceeds the padding that tar writes after an archive, in bytes.
const maxPadding = 1 << 20

// packScript writes an archive of $2, a file in the folder $1. $3 is not empty if $2 may be a
// folder. If a file grows, GNU tar archives its original size and exits with status 1.
const packScript = `cd -- "$1" 2>/dev/null || { echo "folder $1 does not exist" >&2; exit 3; }
if [ -d "$2" ] && [ -z "$3" ]; then echo "$2" >&2; exit 103; fi
[ -e "$2" ] || [ -L "$2" ] || { echo "there is no $2 in folder $1" >&2; exit 3; }
if [ -f "$2" ] && [ ! -s "$2" ] && [ -n "$(head -c 1 -- "$2" 2>/dev/null | tr '\000' x)" ]; then
	echo "the guest's kernel generates its contents when it is read and reports no size: read it with exec -- cat" >&2; exit 1
fi
follow=h
[ -z "$3" ] || follow=
{ said=$(LC_ALL=C tar -c${follow}f - -- "$2" 2>&1 >&3); status=$?; } 3>&1
[ -z "$said" ] || printf '%s\n' "$said" >&2
[ $status = 1 ] && [ -n "$said" ] && ! printf '%s\n' "$said" | grep -qv ': file changed as we read it$' && exit 0
exit $status`

// CopyOut copies a file or, if recursive is set, a folder from a guest to the path that
// OutTarget returned. A file is replaced atomically and durably. A folder must not exist yet;
// it appears once it is complete. The guest cannot cause writes elsewhere.
func CopyOut(ctx context.Context, run Runner, from, to string, recursive bool, m job.Meter) (Copied, error) {
	m.Phase(job.CopyFiles, 0)
	recursiveArg := ""
	if recursive {
		recursiveArg = "recursive"
	}
	r, w := io.Pipe()
	u := unpacker{base: path.Base(from), to: to, recursive: recursive, meter: m, sync: syncTree}
	defer u.discard()
	unpacked := make(chan error, 1)
	go func() {
		err := u.unpack(r)
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		unpacked <- err
	}()
	err := run.runScript(ctx, packScript, []string{path.Dir(from), path.Base(from), recursiveArg}, nil, w)
	w.CloseWithError(err) // nil means EOF
	unpackErr := <-unpacked
	if err == nil || errors.Is(err, io.ErrClosedPipe) { // caused by unpackErr
		err = unpackErr
	}
	if err == nil {
		err = u.commit()
	}
	return u.copied, err
}
