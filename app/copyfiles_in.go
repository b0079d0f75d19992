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

	"vmterminal/vm/host"
)

// CopyIn begins to copy files and, with recursive, whole folders into a running
// VM's guest, as a job whose Result is a Copied. to is where they go: a folder of
// the guest, or for a single one also its new name. A file appears whole, in the place
// of one of that name; a folder is merged with one of that name.
func (s *Service) CopyIn(ctx context.Context, vmName string, from []string, to string, recursive bool) (*Job, error) {
	doing := func(of Phrase) Phrase { return phrase("copy into %s", of) }
	total, err := lookAtFiles(from, recursive)
	if err == nil && to == "" {
		err = fmt.Errorf("%w: it is not said where to", ErrCopy)
	}
	if err != nil {
		return nil, failed(err, "Nothing was copied.", "%s", doing(called(vmName)))
	}
	return s.copyJob(ctx, vmName, doing, strings.Join(from, ", "), func(ctx context.Context, c *host.Client, m Meter) (Copied, error) {
		m.Phase(phaseCopy, total)
		return copyIn(ctx, c, from, to, m)
	})
}

// lookAtFiles sums up what is to be copied.
func lookAtFiles(from []string, recursive bool) (total int64, err error) {
	for _, name := range from {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return 0, err
		case info.IsDir() && !recursive:
			return 0, fmt.Errorf("%w: %s is a folder; --recursive copies it", ErrCopy, name)
		case !info.IsDir() && !info.Mode().IsRegular():
			return 0, fmt.Errorf("%w: %s is not a file", ErrCopy, name)
		}
		err = filepath.WalkDir(name, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				if info, e := d.Info(); e == nil {
					total += info.Size()
				}
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Scripts for the guest. The first prints the folder to unpack in, and for a single
// file its name; the others unpack: one file beside its place first, so that it
// appears whole.
const (
	findPlace = `if [ -d "$1" ]; then printf 'dir\0%s\0' "$1"
elif [ -n "$2" ] || [ "${1%/}" != "$1" ]; then echo "$1 is no folder" >&2; exit 1
else d=$(dirname -- "$1"); [ -d "$d" ] || { echo "there is no folder $d" >&2; exit 3; }; printf 'file\0%s\0' "$d"; fi`

	unpackFile = `d=$(mktemp -d "$1/.vmterminal-XXXXXX") || exit 1
trap 'rm -rf "$d"' EXIT; trap 'exit 1' HUP INT TERM
tar -xf - -C "$d" && mv -f "$d/$2" "$1/$2"`

	unpackTree = `tar -xf - -C "$1"`
)

func copyIn(ctx context.Context, c *host.Client, from []string, to string, m Meter) (Copied, error) {
	info, err := os.Stat(from[0])
	if err != nil {
		return Copied{}, err
	}
	several := ""
	if len(from) > 1 {
		several = "several"
	}
	var place strings.Builder
	if err := inGuest(ctx, c, findPlace, []string{to, several}, nil, &place); err != nil {
		return Copied{}, err
	}
	kind, dir, _ := strings.Cut(strings.TrimSuffix(place.String(), "\x00"), "\x00")
	names, err := namesOf(from)
	if err != nil {
		return Copied{}, err
	}
	if kind == "file" {
		names[0] = path.Base(to)
	}
	script, args := unpackTree, []string{dir}
	if len(from) == 1 && !info.IsDir() {
		script, args = unpackFile, []string{dir, names[0]}
	}
	r, w := io.Pipe()
	var out Copied
	packed := make(chan error, 1)
	go func() {
		var err error
		out, err = packAll(ctx, w, from, names, m)
		w.CloseWithError(err)
		packed <- err
	}()
	err = inGuest(ctx, c, script, args, r, nil)
	r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	if bad := <-packed; err == nil {
		err = bad
	}
	return out, err
}

// namesOf are what files are called, also "." and "..".
func namesOf(from []string) ([]string, error) {
	names := make([]string, len(from))
	for i, f := range from {
		abs, err := filepath.Abs(f)
		if err != nil {
			return nil, err
		}
		names[i] = filepath.Base(abs)
	}
	return names, nil
}

func packAll(ctx context.Context, w io.Writer, from, names []string, m Meter) (Copied, error) {
	p := packer{ctx: ctx, tar: tar.NewWriter(w), meter: m}
	for i, f := range from {
		if err := p.tree(f, names[i]); err != nil {
			return p.done, err
		}
	}
	return p.done, p.tar.Close()
}

// packer writes files as a tar archive.
type packer struct {
	ctx   context.Context
	tar   *tar.Writer
	meter Meter
	done  Copied
}

func (p *packer) tree(from, as string) error {
	return filepath.WalkDir(from, func(at string, _ fs.DirEntry, err error) error {
		if err = errors.Join(err, p.ctx.Err()); err != nil {
			return err
		}
		rel, err := filepath.Rel(from, at)
		if err != nil {
			return err
		}
		if at == from { // what is named is followed, what is found is not
			return p.one(at, as, os.Stat)
		}
		return p.one(at, path.Join(as, filepath.ToSlash(rel)), os.Lstat)
	})
}

func (p *packer) one(at, as string, stat func(string) (fs.FileInfo, error)) error {
	info, err := stat(at)
	if err != nil {
		return err
	}
	link := ""
	switch {
	case info.Mode().IsRegular(), info.IsDir():
	case info.Mode().Type() == fs.ModeSymlink:
		if link, err = os.Readlink(at); err != nil {
			return err
		}
	default:
		p.done.Skipped = append(p.done.Skipped, at)
		return nil
	}
	head, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	head.Name, head.Format = as, tar.FormatPAX
	head.Uid, head.Gid, head.Uname, head.Gname = 0, 0, "", "" // the guest's root's
	if err := p.tar.WriteHeader(head); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(p.tar, metered{f, p.meter})
	p.done.Files++
	p.done.Bytes += n
	return err
}

// metered counts what is read.
type metered struct {
	io.Reader
	m Meter
}

func (r metered) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.m.Add(int64(n))
	return n, err
}
