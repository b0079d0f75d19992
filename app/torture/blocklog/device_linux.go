package blocklog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// imageName is the name of the only file.
const imageName = "image"

// A Device is a file, served by this process, that records its requests.
type Device struct {
	Log
	server  *fuse.Server
	path    string
	backing *os.File
}

// Serve mounts a file system on dir. Its only file, at Path, reads and writes the image. The
// caller must close the Device when nothing uses the file any longer.
func Serve(dir, image string) (*Device, error) {
	back, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	st, err := back.Stat()
	if err != nil {
		back.Close()
		return nil, err
	}
	d := &Device{path: filepath.Join(dir, imageName), backing: back}
	opt := &fs.Options{MountOptions: fuse.MountOptions{
		DirectMountStrict: true, FsName: "blocklog", Name: "blocklog", MaxWrite: 1 << 20, DisableXAttrs: true,
	}}
	if d.server, err = fs.Mount(dir, &root{device: d, size: st.Size()}, opt); err != nil {
		back.Close()
		return nil, err
	}
	return d, nil
}

// Path returns the path of the file.
func (d *Device) Path() string { return d.path }

// Close unmounts the file system.
func (d *Device) Close() error {
	err := d.server.Unmount()
	if err == nil {
		d.server.Wait()
	}
	return errors.Join(err, d.backing.Close())
}

// root is the root folder of the file system.
type root struct {
	fs.Inode
	device *Device
	size   int64
}

func (r *root) OnAdd(ctx context.Context) {
	file := &file{device: r.device, size: r.size}
	r.AddChild(imageName, r.NewPersistentInode(ctx, file, fs.StableAttr{Mode: syscall.S_IFREG}), false)
}

// file is the image. It does not implement Fallocate, so discard and zero requests arrive as
// writes or not at all.
type file struct {
	fs.Inode
	device *Device
	size   int64
}

var (
	_ fs.NodeGetattrer = (*file)(nil)
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
	_ fs.NodeFsyncer   = (*file)(nil)
)

func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(f.size)
	return 0
}

// Open disables the kernel's cache, so that each write arrives immediately.
func (f *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

func (f *file) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n, err := f.device.backing.ReadAt(dest, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fs.ToErrno(err)
	}
	return fuse.ReadResultData(dest[:n]), 0
}

func (f *file) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	f.device.add(Entry{off, bytes.Clone(data)})
	n, err := f.device.backing.WriteAt(data, off)
	return uint32(n), fs.ToErrno(err)
}

func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.device.add(Entry{})
	return 0
}
