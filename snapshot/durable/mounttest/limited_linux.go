package mounttest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// LimitedDir mounts a new, empty file system until the test ends, and returns its root. The
// file system has the limits of FAT and of some network file systems: no hard links, no
// atomic exchange of two names, no fsync of folders, no sockets, and no report of its size.
// A file that is removed while open stays under another name until it is closed. LimitedDir
// needs root and FUSE; without them it skips the test, or fails it in CI.
func LimitedDir(t *testing.T) string {
	t.Helper()
	unmet := requireRoot(t)
	backing, root := t.TempDir(), t.TempDir()
	tree := &fs.LoopbackRoot{Path: backing}
	top := &limitedNode{LoopbackNode: fs.LoopbackNode{RootData: tree}}
	tree.RootNode = top
	server, err := fs.Mount(root, top, &fs.Options{MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "limited", Name: "limited"}})
	if err != nil {
		unmet("mounting with FUSE: %v", err)
	}
	t.Cleanup(func() {
		retry(t, "unmount "+root, server.Unmount)
		if !t.Failed() {
			server.Wait()
		}
	})
	return root
}

const hiddenPrefix = ".nfs"

type limitedNode struct {
	fs.LoopbackNode

	mu     sync.Mutex
	open   int
	hidden string // path of the open file that was removed
}

var (
	_ fs.NodeWrapChilder    = (*limitedNode)(nil)
	_ fs.NodeLinker         = (*limitedNode)(nil)
	_ fs.NodeRenamer        = (*limitedNode)(nil)
	_ fs.NodeMknoder        = (*limitedNode)(nil)
	_ fs.NodeOpendirHandler = (*limitedNode)(nil)
	_ fs.NodeStatfser       = (*limitedNode)(nil)
	_ fs.NodeUnlinker       = (*limitedNode)(nil)
	_ fs.NodeOpener         = (*limitedNode)(nil)
	_ fs.NodeCreater        = (*limitedNode)(nil)
	_ fs.NodeFlusher        = (*limitedNode)(nil)
)

// WrapChild makes every node of the tree a limitedNode.
func (n *limitedNode) WrapChild(context.Context, fs.InodeEmbedder) fs.InodeEmbedder {
	return &limitedNode{LoopbackNode: fs.LoopbackNode{RootData: n.RootData}}
}

func (n *limitedNode) Link(context.Context, fs.InodeEmbedder, string, *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return nil, syscall.EPERM
}

func (n *limitedNode) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return nil, syscall.EPERM
}

func (n *limitedNode) Rename(ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL
	}
	return n.LoopbackNode.Rename(ctx, name, to, newName, 0)
}

// limitedDirHandle is an open folder.
type limitedDirHandle struct {
	fs.FileReaddirenter
	fs.FileSeekdirer
	fs.FileReleasedirer
}

// Fsyncdir fails, as on FAT.
func (limitedDirHandle) Fsyncdir(context.Context, uint32) syscall.Errno { return syscall.EINVAL }

func (n *limitedNode) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, fuseFlags, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	read, _ := f.(fs.FileReaddirenter)
	seek, _ := f.(fs.FileSeekdirer)
	release, _ := f.(fs.FileReleasedirer)
	return limitedDirHandle{read, seek, release}, fuseFlags, 0
}

func (n *limitedNode) Statfs(context.Context, *fuse.StatfsOut) syscall.Errno { return 0 }

func (n *limitedNode) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, fuseFlags, errno := n.LoopbackNode.Open(ctx, flags)
	n.countOpen(errno)
	return f, fuseFlags, errno
}

func (n *limitedNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	child, f, fuseFlags, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if child != nil {
		if node, ok := child.Operations().(*limitedNode); ok {
			node.countOpen(errno)
		}
	}
	return child, f, fuseFlags, errno
}

func (n *limitedNode) countOpen(errno syscall.Errno) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if errno == 0 {
		n.open++
	}
}

// Flush is called for each close, before close returns.
func (n *limitedNode) Flush(ctx context.Context, f fs.FileHandle) syscall.Errno {
	n.mu.Lock()
	n.open--
	if n.open == 0 && n.hidden != "" {
		_ = os.Remove(n.hidden)
	}
	n.mu.Unlock()
	if file, ok := f.(fs.FileFlusher); ok {
		return file.Flush(ctx)
	}
	return 0
}

func (n *limitedNode) Unlink(ctx context.Context, name string) syscall.Errno {
	if strings.HasPrefix(name, hiddenPrefix) {
		return syscall.EBUSY
	}
	if child := n.GetChild(name); child != nil {
		if node, ok := child.Operations().(*limitedNode); ok {
			node.mu.Lock()
			defer node.mu.Unlock()
			if node.open > 0 {
				folder := filepath.Join(n.RootData.Path, n.Path(n.Root()))
				node.hidden = filepath.Join(folder, hiddenPrefix+name)
				return fs.ToErrno(os.Rename(filepath.Join(folder, name), node.hidden))
			}
		}
	}
	return n.LoopbackNode.Unlink(ctx, name)
}
