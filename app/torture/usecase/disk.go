package usecase

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
)

const (
	mib = 1 << 20
	// DiskSize is the length of every Disk, nearly all of it a hole: the least that
	// a VM can have.
	DiskSize = 64 * mib
)

// Start is how a disk begins that is different for each name: noise, text and
// zeros in two chunks. A part is the same in all of them. What follows is zeros.
func Start(name string) []byte {
	disk := make([]byte, mib+128<<10)
	noise := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	_, _ = noise.Read(disk[:40<<10])
	copy(disk[200<<10:], bytes.Repeat([]byte("the same in all. "), 2000))
	_, _ = noise.Read(disk[mib+8<<10 : mib+20<<10])
	copy(disk[mib+64<<10:], bytes.Repeat([]byte(name+" "), 3000))
	return disk
}

// Memory is what the firmware remembers that belongs to the disk of that name.
func Memory(name string) []byte {
	return append(bytes.Repeat([]byte{0xff}, 10<<10), name...)
}

func writeDisk(f *os.File, name string) error {
	if _, err := f.WriteAt(Start(name), 0); err != nil {
		return err
	}
	return f.Truncate(DiskSize)
}
