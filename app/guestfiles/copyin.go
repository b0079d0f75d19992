package guestfiles

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vmterminal/app/job"
	"vmterminal/snapshot/diskfile"
)

// InOptions configures [CopyIn].
type InOptions struct {
	// Recursive allows copying folders with their contents.
	Recursive bool
	// KeepSetID keeps the setuid and setgid bits of files, which belong to root in the guest.
	KeepSetID bool
}

// CheckFiles returns the total size of the files in bytes, or an error if one of them cannot be
// copied.
func CheckFiles(from []string, recursive bool) (total int64, err error) {
	for _, name := range from {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return 0, err
		case info.IsDir() && !recursive:
			return 0, fmt.Errorf("%s: %w", name, ErrIsFolder)
		case !info.IsDir() && !info.Mode().IsRegular():
			return 0, fmt.Errorf("%w: %s is neither a regular file nor a folder", ErrCopy, name)
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

// Scripts for the guest's shell that work with GNU tools and BusyBox. $1 is the staging
// folder unless documented otherwise.
const (
	// findDestinationScript prints "dir" if the destination is a folder and "file" otherwise,
	// followed by the folder to copy into. $1 is the destination; $2 is not empty if there are
	// several files.
	findDestinationScript = `if [ -d "$1" ]; then printf 'dir\0%s\0' "$1"
elif [ -n "$2" ] || [ "${1%/}" != "$1" ]; then echo "$1 is not a folder" >&2; exit 1
else d=$(dirname -- "$1"); [ -d "$d" ] || { echo "folder $d does not exist" >&2; exit 3; }; printf 'file\0%s\0' "$d"; fi`

	unpackScript = `trap 'rm -rf -- "$1"; exit 1' HUP INT TERM
mkdir -m 700 -- "$1" && tar -xf - -C "$1"`

	// writeSparseScript writes the sparse file $1, which is $2 bytes long and was modified at
	// $3. The script's input is a sequence of records; each is a line with a block number and a
	// block count, followed by the data of these blocks.
	writeSparseScript = `while read -r block count; do
	dd of="$1" bs=65536 seek="$block" count="$count" iflag=fullblock conv=notrunc status=none || exit 1
done
truncate -s "$2" "$1" && touch -m -d "@$3" "$1"`

	// checkAndSyncScript fails if the files cannot be moved into $2, and otherwise makes them durable,
	// so that a power failure leaves no empty files under their final names.
	checkAndSyncScript = `check() {
	for f in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		[ -e "$f" ] || [ -L "$f" ] || continue
		t=$2/${f##*/}
		if [ -d "$f" ] && [ ! -L "$f" ]; then
			if [ -d "$t" ]; then
				[ "$(stat -L -c %d -- "$t")" = "$device" ] || { echo "$t is on a different file system from $top: copy to it directly" >&2; return 1; }
				check "$f" "$t" || return 1
			elif [ -e "$t" ] || [ -L "$t" ]; then
				echo "$t is not a folder" >&2
				return 1
			fi
		elif [ -d "$t" ] && [ ! -L "$t" ]; then
			echo "$t is a folder" >&2
			return 1
		fi
	done
}
top=$2 device=$(stat -L -c %d -- "$2") && check "$1" "$2" && { sync -f "$1" 2>/dev/null || sync; }`

	// moveScript moves everything into $2.
	moveScript = `move() {
	for f in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		[ -d "$f" ] && [ ! -L "$f" ] && [ -d "$2/${f##*/}" ] || continue
		move "$f" "$2/${f##*/}" || return 1
	done
	find "$1" -mindepth 1 -maxdepth 1 -exec sh -c 'd=$1; shift; exec mv -f -- "$@" "$d/"' sh "$2" {} + && rmdir -- "$1"
}
move "$1" "$2"`

	// discardScript retries, because processes of a canceled copy may still be writing.
	discardScript = `n=0
while ! rm -rf -- "$1"; do
	n=$((n + 1))
	[ $n -lt 10 ] || exit 1
	sleep 1
done`
)

const (
	// moveTimeout and discardTimeout limit how long the guest may take to move files into place
	// or to remove them.
	moveTimeout, discardTimeout = 10 * time.Minute, time.Minute
	// maxPath is the maximum length of a path in bytes.
	maxPath = 8 << 10
)

// CopyIn copies files and folders to a folder in a guest, or a single file or folder to a new
// name. CheckFiles must have accepted them. CopyIn first writes everything to a staging folder
// and then moves it into place. It returns [ErrCopy] if the guest refuses the copy.
func CopyIn(ctx context.Context, run Runner, from []string, to string, opt InOptions, m job.Meter) (Copied, error) {
	needsFolder := ""
	if len(from) > 1 {
		needsFolder = "yes"
	}
	place, err := run.Query(ctx, maxPath, findDestinationScript, to, needsFolder)
	if err != nil {
		return Copied{}, err
	}
	kind, dir, _ := strings.Cut(strings.TrimSuffix(place, "\x00"), "\x00")
	names, err := targetNames(from)
	if err != nil {
		return Copied{}, err
	}
	if kind == "file" {
		names[0] = path.Base(to)
	}
	s := staging{run: run, dir: path.Join(dir, ".vmterminal-"+rand.Text()), meter: m, opt: opt}
	err = s.sendFiles(ctx, from, names)
	if err == nil {
		err = run.runScript(ctx, checkAndSyncScript, []string{s.dir, dir}, nil, nil)
	}
	if err != nil {
		return Copied{}, s.discard(ctx, err)
	}
	// Replacing files in the guest must not be interrupted.
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), moveTimeout)
	defer cancel()
	if err := run.runScript(limited, moveScript, []string{s.dir, dir}, nil, nil); err != nil {
		return Copied{}, fmt.Errorf("%w; some files may already be in place; the others are in %s", err, s.dir)
	}
	return s.copied, nil
}

// targetNames returns the base names of files, even for "." and "..".
func targetNames(from []string) ([]string, error) {
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

// staging is a folder in the guest that receives files until all are complete.
type staging struct {
	run    Runner
	dir    string
	meter  job.Meter
	opt    InOptions
	copied Copied
}

// sendFiles copies files into the staging folder.
func (s *staging) sendFiles(ctx context.Context, from, names []string) error {
	r, w := io.Pipe()
	p := packer{ctx: ctx, tar: tar.NewWriter(w), meter: s.meter, keepSetID: s.opt.KeepSetID}
	packed := make(chan error, 1)
	go func() {
		err := p.addAll(from, names)
		w.CloseWithError(err)
		packed <- err
	}()
	err := s.run.runScript(ctx, unpackScript, []string{s.dir}, r, nil)
	r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	if packErr := <-packed; err == nil {
		err = packErr
	}
	s.copied = p.copied
	for _, f := range p.sparse {
		if err == nil {
			err = s.sendSparse(ctx, f)
		}
	}
	return err
}

// discard removes the staging folder after a failure and returns the error to report.
func (s *staging) discard(ctx context.Context, failure error) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	err := s.run.runScript(limited, discardScript, []string{s.dir}, nil, nil)
	if err == nil {
		return failure
	}
	remains := fmt.Sprintf("%s could not be removed from the guest", s.dir)
	if errors.Is(failure, context.Canceled) {
		return job.Interrupted("canceled; " + remains)
	}
	return fmt.Errorf("%w; %s", failure, remains)
}

// sparseBlock is the block size for sparse files, and minHole is the minimum length of a hole
// that is skipped.
const sparseBlock, minHole = 64 << 10, 1 << 20

// sparseFile is a file that is sent without its holes.
type sparseFile struct {
	source, name string
	size         int64
	modified     time.Time
}

func (s *staging) sendSparse(ctx context.Context, f sparseFile) error {
	r, w := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		err := f.send(ctx, w, s.meter)
		w.CloseWithError(err)
		sent <- err
	}()
	args := []string{path.Join(s.dir, f.name), strconv.FormatInt(f.size, 10), strconv.FormatInt(f.modified.Unix(), 10)}
	err := s.run.runScript(ctx, writeSparseScript, args, r, nil)
	r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	if sendErr := <-sent; err == nil {
		err = sendErr
	}
	return err
}

// send writes the data in the format that writeSparseScript reads.
func (f sparseFile) send(ctx context.Context, w io.Writer, m job.Meter) error {
	disk, err := diskfile.Open(f.source)
	if err != nil {
		return err
	}
	defer disk.Close()
	if disk.Size() < f.size {
		return f.shrankError()
	}
	for off := int64(0); off < f.size; {
		start, end, err := f.extent(disk, off)
		if err != nil {
			return err
		}
		m.Add(start - off)
		if start == end {
			return nil
		}
		blocks := (end - start + sparseBlock - 1) / sparseBlock
		if _, err := fmt.Fprintf(w, "%d %d\n", start/sparseBlock, blocks); err != nil {
			return err
		}
		if err := f.sendBlocks(ctx, w, disk, start, blocks, m); err != nil {
			return err
		}
		off = start + blocks*sparseBlock
	}
	return nil
}

// extent returns the next range of data at or after off, in which all holes are shorter than
// minHole. Its start is a multiple of sparseBlock, unless it is off.
func (f sparseFile) extent(disk *diskfile.Disk, off int64) (start, end int64, err error) {
	start, end, err = disk.NextData(off)
	start = min(start, f.size) / sparseBlock * sparseBlock
	if end >= f.size || err != nil {
		end = f.size
	}
	for end < f.size && err == nil {
		var next, nextEnd int64
		next, nextEnd, err = disk.NextData(end)
		if next-end >= minHole || next >= f.size {
			break
		}
		end = min(nextEnd, f.size)
	}
	return max(start, off), end, err
}

func (f sparseFile) sendBlocks(ctx context.Context, w io.Writer, disk *diskfile.Disk, off, blocks int64, m job.Meter) error {
	buf := make([]byte, sparseBlock)
	for ; blocks > 0; blocks-- {
		want := min(sparseBlock, f.size-off)
		clear(buf[want:])
		if n, err := disk.ReadAt(buf[:want], off); int64(n) < want {
			if errors.Is(err, io.EOF) {
				err = f.shrankError()
			}
			return err
		}
		if _, err := w.Write(buf); err != nil {
			return errors.Join(err, ctx.Err())
		}
		m.Add(want)
		off += want
	}
	return ctx.Err()
}

func (f sparseFile) shrankError() error {
	return fmt.Errorf("%w: %s shrank while it was being read", ErrCopy, f.source)
}
