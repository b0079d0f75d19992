package app

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/vm/host"
)

// CopyOut begins to copy a file or, with recursive, a folder out of a running
// VM's guest, as a job whose Result is a Copied. to is a folder here, or a new
// name. A file appears whole and durable, in the place of one of that name; a
// folder must not be there yet. Whatever the guest sends, nothing outside of that
// is written.
func (s *Service) CopyOut(ctx context.Context, vmName, from, to string, recursive bool) (*Job, error) {
	doing := func(of Phrase) Phrase { return phrase("copy out of %s", of) }
	from = path.Clean(from)
	base := path.Base(from)
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, base)
	}
	if base == "/" || base == "." || base == ".." {
		return nil, failed(fmt.Errorf("%w: %s has no name", ErrCopy, Plain(from)), "Nothing was copied.", "%s", doing(called(vmName)))
	}
	return s.copyJob(ctx, vmName, doing, from, func(ctx context.Context, c *host.Client, m Meter) (Copied, error) {
		return copyOut(ctx, c, from, to, recursive, m)
	})
}

// maxPadding is above what tar puts behind an archive's end, in bytes.
const maxPadding = 1 << 20

const packOut = `cd -- "$1" 2>/dev/null || { echo "there is no folder $1" >&2; exit 3; }
if [ -d "$2" ] && [ -z "$3" ]; then echo "it is a folder; --recursive copies it" >&2; exit 1; fi
[ -e "$2" ] || [ -L "$2" ] || { echo "there is no $2 in $1" >&2; exit 3; }
if [ -f "$2" ] && [ ! -s "$2" ] && [ -n "$(head -c 1 -- "$2" 2>/dev/null | tr '\000' x)" ]; then
	echo "the guest's kernel makes what is in it as it is read, and tells no size: exec -- cat reads it" >&2; exit 1
fi
[ -n "$3" ] && exec tar -cf - -- "$2"
exec tar -chf - -- "$2"`

func copyOut(ctx context.Context, c *host.Client, from, to string, recursive bool, m Meter) (Copied, error) {
	m.Phase(phaseCopy, 0)
	wanted := ""
	if recursive {
		wanted = "recursive"
	}
	r, w := io.Pipe()
	var out Copied
	unpacked := make(chan error, 1)
	go func() {
		var err error
		out, err = unpack(r, path.Base(from), to, m)
		if err == nil {
			_, err = io.Copy(io.Discard, io.LimitReader(r, maxPadding))
		}
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		unpacked <- err
	}()
	err := inGuest(ctx, c, packOut, []string{path.Dir(from), path.Base(from), wanted}, nil, w)
	w.CloseWithError(err) // nil is the end
	bad := <-unpacked
	if err == nil || errors.Is(err, io.ErrClosedPipe) { // which is because of bad
		err = bad
	}
	return out, err
}

// unpack writes the archive of one file or folder, called base in it, to a path.
func unpack(r io.Reader, base, to string, m Meter) (Copied, error) {
	archive := tar.NewReader(r)
	head, err := archive.Next()
	if errors.Is(err, io.EOF) {
		return Copied{}, fmt.Errorf("%w: the guest sent nothing", ErrCopy)
	}
	if err != nil {
		return Copied{}, badArchive(err)
	}
	if cleaned(head.Name) != base {
		return Copied{}, badArchive(nil)
	}
	if head.Typeflag == tar.TypeReg {
		return unpackOne(archive, head, to, m)
	}
	if head.Typeflag != tar.TypeDir {
		return Copied{}, fmt.Errorf("%w: it is not a file or a folder", ErrCopy)
	}
	return unpackFolder(archive, base, to, m)
}

func badArchive(err error) error {
	if err == nil {
		return fmt.Errorf("%w: the guest sent something else", ErrCopy)
	}
	return fmt.Errorf("%w: what the guest sent cannot be read: %w", ErrCopy, err)
}

func cleaned(name string) string { return path.Clean(strings.TrimPrefix(name, "./")) }

func unpackOne(archive io.Reader, head *tar.Header, to string, m Meter) (Copied, error) {
	m.Phase(phaseCopy, head.Size)
	next, err := ondisk.NewReplacement(to)
	if err != nil {
		return Copied{}, err
	}
	defer next.Discard()
	n, err := io.Copy(next, metered{archive, m})
	if err == nil {
		err = next.Chmod(fs.FileMode(head.Mode).Perm())
	}
	if err == nil {
		err = next.Commit()
	}
	return Copied{Files: 1, Bytes: n}, err
}

// unpackFolder fills a new folder. os.Root keeps all within, whatever links the
// archive has.
func unpackFolder(archive *tar.Reader, base, to string, m Meter) (out Copied, err error) {
	if err := os.Mkdir(to, 0o700); err != nil {
		return out, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(to))
		}
	}()
	root, err := os.OpenRoot(to)
	if err != nil {
		return out, err
	}
	defer func() { _ = root.Close() }()
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, badArchive(err)
		}
		name, within := strings.CutPrefix(cleaned(head.Name), base+"/")
		if !within || !filepath.IsLocal(name) {
			return out, badArchive(nil)
		}
		if err := unpackEntry(root, archive, head, name, &out, m); err != nil {
			return out, err
		}
	}
}

func unpackEntry(root *os.Root, archive io.Reader, head *tar.Header, name string, out *Copied, m Meter) error {
	mode := fs.FileMode(head.Mode).Perm()
	switch head.Typeflag {
	case tar.TypeDir:
		return root.Mkdir(name, mode|0o700)
	case tar.TypeSymlink:
		return root.Symlink(head.Linkname, name)
	case tar.TypeReg:
	case tar.TypeLink:
		old, within := strings.CutPrefix(cleaned(head.Linkname), strings.SplitN(cleaned(head.Name), "/", 2)[0]+"/")
		if !within {
			return badArchive(nil)
		}
		return root.Link(old, name)
	default:
		out.Skipped = append(out.Skipped, name)
		return nil
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, metered{archive, m})
	out.Files++
	out.Bytes += n
	return errors.Join(err, f.Close())
}
