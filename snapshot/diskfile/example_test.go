package diskfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"vmterminal/snapshot/diskfile"
)

// WriteSparse skips blocks of zeros, so that they remain holes.
func ExampleWriteSparse() {
	dir, err := os.MkdirTemp("", "diskfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	f, err := os.Create(filepath.Join(dir, "disk.raw"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()

	content := make([]byte, 8*diskfile.BlockSize)
	copy(content[diskfile.BlockSize:], bytes.Repeat([]byte("data"), diskfile.BlockSize/4))
	written, err := diskfile.WriteSparse(f, content, 0)
	fmt.Println(written, err)
	// Output: 4096 <nil>
}
