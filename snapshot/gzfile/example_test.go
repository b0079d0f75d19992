package gzfile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// A snapshot file is written from a disk, and any gzip reader returns the disk.
func Example() {
	dir, err := os.MkdirTemp("", "gzfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	content := append([]byte("a small disk"), make([]byte, 3*gzfile.ChunkSize)...)
	if err := writeAndRead(dir, content); err != nil {
		fmt.Println(err)
	}
	// Output:
	// before-upgrade: 3145740 bytes, 1 data chunk
	// gzip returns the disk: true
}

func writeAndRead(dir string, content []byte) error {
	ctx := context.Background()
	path := filepath.Join(dir, "disk.raw")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	disk, err := diskfile.Open(path)
	if err != nil {
		return err
	}
	defer disk.Close()
	plan, err := gzfile.NewPlan(ctx, disk)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "before-upgrade.raw.gz"))
	if err != nil {
		return err
	}
	defer f.Close()
	header := gzfile.Header{ID: "1", Name: "before-upgrade"}
	header, index, err := gzfile.Write(ctx, f, disk, plan, header, gzfile.Options{})
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes, %d data chunk\n", header.Name, header.Size, len(index.Entries))

	r, err := gzip.NewReader(io.NewSectionReader(f, 0, header.FileSize))
	if err != nil {
		return err
	}
	back, err := io.ReadAll(r)
	fmt.Println("gzip returns the disk:", bytes.Equal(back, content))
	return err
}
