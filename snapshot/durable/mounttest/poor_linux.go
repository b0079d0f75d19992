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

// PoorDir mounts a new, empty file system until the test ends, and returns its root. The
// file system has the limits of FAT and of some network file systems: no hard links, no
// atomic exchange of two names, no fsync of folders, no sockets, and no report of its size.
// A file that is removed while open stays under another name until it is closed. PoorDir
// needs root and FUSE; without them it skips the test, or fails it in CI.
func PoorDir(t *testing.T) string {
	t.Helper()
	unmet := requireRoot(t)
	behind, root := t.TempDir(), t.TempDir()
	tree := &fs.LoopbackRoot{Path: behind}
	top := &poorNode{LoopbackNode: fs.LoopbackNode{RootData: tree}}
	tree.RootNode = top
	server, err := fs.Mount(root, top, &fs.Options{MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "poor", Name: "poor"}})
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

type poorNode struct {
	fs.LoopbackNode

	mu     sync.Mutex
	open   int
	hidden string // path of the open file that was removed
}

var (
	_ fs.NodeWrapChilder    = (*poorNode)(nil)
	_ fs.NodeLinker         = (*poorNode)(nil)
	_ fs.NodeRenamer        = (*poorNode)(nil)
	_ fs.NodeMknoder        = (*poorNode)(nil)
	_ fs.NodeOpendirHandler = (*poorNode)(nil)
	_ fs.NodeStatfser       = (*poorNode)(nil)
	_ fs.NodeUnlinker       = (*poorNode)(nil)
	_ fs.NodeOpener         = (*poorNode)(nil)
	_ fs.NodeCreater        = (*poorNode)(nil)
	_ fs.NodeFlusher        = (*poorNode)(nil)
)

// WrapChild makes every node of the tree a poorNode.
func (n *poorNode) WrapChild(context.Context, fs.InodeEmbedder) fs.InodeEmbedder {
	return &poorNode{LoopbackNode: fs.LoopbackNode{RootData: n.RootData}}
}

func (n *poorNode) Link(context.Context, fs.InodeEmbedder, string, *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return nil, syscall.EPERM
}

func (n *poorNode) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return nil, syscall.EPERM
}

func (n *poorNode) Rename(ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL
	}
	return n.LoopbackNode.Rename(ctx, name, to, newName, 0)
}

// poorDir is an open folder.
type poorDir struct {
	fs.FileReaddirenter
	fs.FileSeekdirer
	fs.FileReleasedirer
}

// Fsyncdir fails, as on FAT.
func (poorDir) Fsyncdir(context.Context, uint32) syscall.Errno { return syscall.EINVAL }

func (n *poorNode) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, fuseFlags, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	read, _ := f.(fs.FileReaddirenter)
	seek, _ := f.(fs.FileSeekdirer)
	release, _ := f.(fs.FileReleasedirer)
	return poorDir{read, seek, release}, fuseFlags, 0
}

func (n *poorNode) Statfs(context.Context, *fuse.StatfsOut) syscall.Errno { return 0 }

func (n *poorNode) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, fuseFlags, errno := n.LoopbackNode.Open(ctx, flags)
	n.opened(errno)
	return f, fuseFlags, errno
}

func (n *poorNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	child, f, fuseFlags, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if child != nil {
		if node, ok := child.Operations().(*poorNode); ok {
			node.opened(errno)
		}
	}
	return child, f, fuseFlags, errno
}

func (n *poorNode) opened(errno syscall.Errno) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if errno == 0 {
		n.open++
	}
}

// Flush is called for each close, before close returns.
func (n *poorNode) Flush(ctx context.Context, f fs.FileHandle) syscall.Errno {
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

func (n *poorNode) Unlink(ctx context.Context, name string) syscall.Errno {
	if strings.HasPrefix(name, hiddenPrefix) {
		return syscall.EBUSY
	}
	if child := n.GetChild(name); child != nil {
		if node, ok := child.Operations().(*poorNode); ok {
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
