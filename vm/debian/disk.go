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
	// firstSector is the start of the only partition: at 1 MiB, as usual.
	firstSector = 2048
	// Layout of the first sector: boot code, partition table, signature.
	codeSize, tableAt, signatureAt = 440, 446, 510
)

// fsOptions are options of mke2fs, independent of its configuration file. They reserve space
// for growing to MaxSize while mounted.
const fsOptions = "-t ext4 -b 4096 -I 256 -m 1 -L vmterminal " +
	"-O none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum " +
	"-E offset=1048576,root_owner=0:0,resize=536870912,lazy_itable_init=1"

// unpackAndFormat is a shell script. Its arguments are the archive, a folder to unpack it to,
// the disk, and the size of the file system.
const unpackAndFormat = `set -e
mkdir "$2"
tar -x -f "$1" -C "$2" --numeric-owner --same-permissions --same-owner
mke2fs -q -F ` + fsOptions + ` -d "$2" "$3" "$4"`

// makeDisk creates the disk from the files in a tar archive; work is a folder for temporary
// files. For users other than root, fakeroot preserves the files' owners.
func makeDisk(ctx context.Context, work, files, disk string) error {
	tree := filepath.Join(work, "tree")
	length := fmt.Sprintf("%dk", (MinSize-firstSector*sectorSize)>>10)
	args := []string{"sh", "-c", unpackAndFormat, "sh", files, tree, disk, length}
	if os.Geteuid() != 0 {
		args = append([]string{"fakeroot", "--"}, args...)
	}
	if err := runTool(ctx, args...); err != nil {
		return fmt.Errorf("create the file system: %w", err)
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
	return writeBootSectors(disk, code, core)
}

// writeBootSectors writes the sectors before the partition: GRUB's first sector with the partition
// table, and directly after it GRUB's core image.
func writeBootSectors(disk string, code, core []byte) error {
	if len(code) != sectorSize || len(core) > (firstSector-1)*sectorSize {
		return fmt.Errorf("GRUB's images of %d and %d bytes do not fit before the partition", len(code), len(core))
	}
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	first := make([]byte, sectorSize)
	copy(first, code[:codeSize])
	copy(first[tableAt:], partitionEntry(firstSector, MinSize/sectorSize-firstSector))
	first[signatureAt], first[signatureAt+1] = 0x55, 0xaa
	if _, err := f.WriteAt(append(first, core...), 0); err != nil {
		return err
	}
	return f.Truncate(MinSize)
}

// partitionEntry returns an MBR partition entry: active, type Linux, with LBA addresses only.
func partitionEntry(start, length uint32) []byte {
	e := []byte{0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff}
	e = binary.LittleEndian.AppendUint32(e, start)
	return binary.LittleEndian.AppendUint32(e, length)
}

// runTool runs a program. Its error contains the last line of output.
func runTool(ctx context.Context, args ...string) error {
	out, err := toolCommand(ctx, args[0], args[1:]...).CombinedOutput()
	if err == nil {
		return nil
	}
	t := &outputParser{lines: strings.Split(strings.TrimSpace(string(out)), "\n")}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(bytes.TrimSpace(out)) > 0 {
		err = errors.New(t.lines[len(t.lines)-1])
	}
	return t.wrapFailure(ctx, filepath.Base(args[0]), err)
}
