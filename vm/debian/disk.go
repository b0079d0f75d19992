package debian

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	sectorSize = 512
	// firstSector is where the one partition begins: at 1 MiB, as everywhere.
	firstSector = 2048
	// codeSize is what of the first sector is code; the partition table follows.
	codeSize, tableAt, signatureAt = 440, 446, 510
)

// fsOptions are of mke2fs, spelled out whatever its configuration says; room is
// reserved to grow to MaxSize while mounted.
const fsOptions = "-t ext4 -b 4096 -I 256 -m 1 -L vmterminal " +
	"-O none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum " +
	"-E offset=1048576,root_owner=0:0,resize=536870912,lazy_itable_init=1"

// unpackAndFormat gets the archive, a folder to unpack it in, and the disk.
const unpackAndFormat = `set -e
mkdir "$2"
tar -x -f "$1" -C "$2" --numeric-owner --same-permissions --same-owner
mke2fs -q -F ` + fsOptions + ` -d "$2" "$3" "$4"`

// makeDisk makes the disk of the files in a tar archive; work is a folder for what
// is in between. Who is not root gets the files' owners right by fakeroot.
func makeDisk(ctx context.Context, work, files, disk string) error {
	tree := filepath.Join(work, "tree")
	length := fmt.Sprintf("%dk", (MinSize-firstSector*sectorSize)>>10)
	args := []string{"sh", "-c", unpackAndFormat, "sh", files, tree, disk, length}
	if !isRoot() {
		args = append([]string{"fakeroot", "--"}, args...)
	}
	if err := runTool(ctx, args...); err != nil {
		return fmt.Errorf("make the file system: %w", err)
	}
	grub := filepath.Join(tree, "boot/grub/i386-pc")
	code, err := os.ReadFile(filepath.Join(grub, "boot.img"))
	if err != nil {
		return err
	}
	core, err := os.ReadFile(filepath.Join(grub, "core.img"))
	if err != nil {
		return err
	}
	return writeBoot(disk, code, core)
}

// writeBoot writes what lies before the partition: GRUB's first sector with the
// partition table, and its core behind it, which both expect each other just there.
func writeBoot(disk string, code, core []byte) error {
	if len(code) != sectorSize || len(core) > (firstSector-1)*sectorSize {
		return fmt.Errorf("GRUB's images have %d and %d bytes, which do not fit", len(code), len(core))
	}
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	first := make([]byte, sectorSize)
	copy(first, code[:codeSize])
	copy(first[tableAt:], partition(firstSector, MinSize/sectorSize-firstSector))
	first[signatureAt], first[signatureAt+1] = 0x55, 0xaa
	if _, err := f.WriteAt(append(first, core...), 0); err != nil {
		return err
	}
	return f.Truncate(MinSize)
}

// partition is an entry of a DOS partition table: active, of Linux, and addressed
// by its sectors' numbers alone.
func partition(start, length uint32) []byte {
	e := []byte{0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff}
	e = binary.LittleEndian.AppendUint32(e, start)
	return binary.LittleEndian.AppendUint32(e, length)
}

// runTool runs a program; its error has the last line that it said.
func runTool(ctx context.Context, args ...string) error {
	out, err := tool(ctx, args[0], args[1:]...).CombinedOutput()
	if err == nil {
		return nil
	}
	t := &teller{p: silent{}, lines: strings.Split(strings.TrimSpace(string(out)), "\n")}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(bytes.TrimSpace(out)) > 0 {
		err = errors.New(t.lines[len(t.lines)-1])
	}
	return t.explain(ctx, filepath.Base(args[0]), err)
}

type silent struct{}

func (silent) Phase(string, int64) {}
func (silent) Add(int64)           {}
