package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"vmterminal/snapshot"
)

const (
	diskSize   = 10 << 30
	changeSize = 256 << 10 // size of one change
)

// roots are the folders to copy files from: programs, libraries, texts.
var roots = []string{"/usr/bin", "/usr/share", "/usr/lib", "/usr/include", "/var/lib/dpkg", "/opt"}

// makeDisk creates a sparse ext4 disk with files of about the given total size.
func makeDisk(ctx context.Context, dir, disk string, bytes int64) error {
	stage := filepath.Join(dir, "files")
	for i, root := range roots {
		// If a root has too few files, the next ones provide more.
		share := bytes / int64(len(roots)-i)
		copied, err := copyFiles(ctx, root, stage, share)
		if err != nil {
			return err
		}
		bytes -= copied
	}
	defer os.RemoveAll(stage)
	make := exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", stage, disk, fmt.Sprint(diskSize>>10)+"k")
	make.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := make.CombinedOutput(); err != nil {
		return fmt.Errorf("mke2fs: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// copyFiles copies regular files below root until it has copied enough bytes.
func copyFiles(ctx context.Context, root, stage string, bytes int64) (copied int64, err error) {
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case copied >= bytes:
			return filepath.SkipAll
		case err != nil || !e.Type().IsRegular():
			return nil //nolint:nilerr // skip unreadable files
		}
		to := filepath.Join(stage, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
			return err
		}
		n, err := copyFile(path, to)
		copied += n
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return copied, err
}

func copyFile(from, to string) (int64, error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, in)
	return n, errors.Join(err, out.Close())
}

// changeDisk overwrites every hundredth piece of the disk's data, starting with piece number
// first, with data from elsewhere on the disk. It returns the changed ranges.
func changeDisk(disk string, ranges [][2]int64, first int) (changed []snapshot.Range, err error) {
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var places []int64
	for _, r := range ranges {
		for off := r[0]; off+changeSize <= r[1]; off += changeSize {
			places = append(places, off)
		}
	}
	other := make([]byte, changeSize)
	for i := first; i < len(places); i += 100 {
		if _, err := f.ReadAt(other, places[len(places)-1-i]); err != nil {
			return nil, err
		}
		if _, err := f.WriteAt(other, places[i]); err != nil {
			return nil, err
		}
		changed = append(changed, snapshot.Range{Start: places[i], End: places[i] + changeSize})
	}
	return changed, f.Sync()
}
