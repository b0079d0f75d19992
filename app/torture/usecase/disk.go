package usecase

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
)

const (
	mib = 1 << 20
	// DiskSize is the size of every disk, the minimum for a VM. Most of a disk is a hole.
	DiskSize = 64 * mib
)

// DiskContent returns the beginning of a disk, which is different for each name: noise, text
// and zeros in two chunks, with a part that is the same for all names. The rest of the disk is
// zeros.
func DiskContent(name string) []byte {
	disk := make([]byte, mib+128<<10)
	noise := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	_, _ = noise.Read(disk[:40<<10])
	copy(disk[200<<10:], bytes.Repeat([]byte("the same in all. "), 2000))
	_, _ = noise.Read(disk[mib+8<<10 : mib+20<<10])
	copy(disk[mib+64<<10:], bytes.Repeat([]byte(name+" "), 3000))
	return disk
}

// FirmwareVars returns the UEFI variables that belong to the disk called name.
func FirmwareVars(name string) []byte {
	return append(bytes.Repeat([]byte{0xff}, 10<<10), name...)
}

func writeDisk(f *os.File, name string) error {
	if _, err := f.WriteAt(DiskContent(name), 0); err != nil {
		return err
	}
	return f.Truncate(DiskSize)
}
