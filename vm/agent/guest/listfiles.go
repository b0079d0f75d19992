//go:build linux

package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"vmterminal/vm/agent/wire"
)

// listFiles writes the file list of the file systems mounted at roots to w. It skips
// files that are deleted in the meantime or cannot be read.
func listFiles(w io.Writer, roots []string) error {
	out := bufio.NewWriterSize(w, 64<<10)
	for _, root := range roots {
		if err := listTree(out, root); err != nil {
			return err
		}
	}
	return out.Flush()
}

// listTree lists the files below root that are on root's file system.
func listTree(out *bufio.Writer, root string) error {
	var device uint64
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // deleted or unreadable
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return errors.New("stat(2) is not available")
		}
		if path == root {
			device = st.Dev
		} else if st.Dev != device {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		return wire.WriteFileEntry(out, wire.FileEntry{
			Path: path, Mode: st.Mode, Size: st.Size, Modified: st.Mtim.Nano(), Changed: st.Ctim.Nano(),
			Inode: st.Ino, Owner: st.Uid, Group: st.Gid,
		})
	})
}
