package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// FileEntry is a file of a guest as listed by its agent.
type FileEntry struct {
	Path string
	// Mode is st_mode of stat(2): type and permissions. Size is in bytes; Modified and
	// Changed are in nanoseconds since 1970.
	Mode              uint32
	Size              int64
	Modified, Changed int64
	Inode             uint64
	Owner, Group      uint32
}

const (
	// maxFileLine is the maximum length of an entry in bytes: PATH_MAX and the numbers.
	maxFileLine = 4096 + 256
	// MaxFiles is the maximum number of files in a list.
	MaxFiles = 8 << 20
	// MaxFileListBytes is the maximum size of a list in bytes.
	MaxFileListBytes = 512 << 20
)

// WriteFileEntry writes an entry of a file list: numbers, the path, and a NUL, which
// cannot occur in a path.
func WriteFileEntry(w io.Writer, f FileEntry) error {
	_, err := fmt.Fprintf(w, "%o %d %d %d %d %d %d %s\x00", f.Mode, f.Size, f.Modified, f.Changed, int64(f.Inode), f.Owner, f.Group, f.Path)
	return err
}

// ErrBadFileList means that a file list is malformed or exceeds a limit.
var ErrBadFileList = errors.New("the guest's file list is invalid")

// ReadFileList reads a file list and calls each for every entry.
func ReadFileList(r io.Reader, each func(FileEntry)) error {
	in := bufio.NewReaderSize(r, maxFileLine)
	for n, bytes := 0, 0; ; n++ {
		line, err := in.ReadSlice(0)
		bytes += len(line)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if errors.Is(err, bufio.ErrBufferFull) || errors.Is(err, io.EOF) || n == MaxFiles || bytes > MaxFileListBytes {
			return ErrBadFileList
		}
		if err != nil {
			return err
		}
		f, ok := parseFile(string(line[:len(line)-1]))
		if !ok {
			return ErrBadFileList
		}
		each(f)
	}
}

func parseFile(line string) (f FileEntry, ok bool) {
	parts := strings.SplitN(line, " ", 8)
	if len(parts) < 8 || !strings.HasPrefix(parts[7], "/") {
		return f, false
	}
	f.Path = parts[7]
	mode, err := strconv.ParseUint(parts[0], 8, 32)
	var numbers [6]int64
	for i := range numbers {
		var wrong error
		numbers[i], wrong = strconv.ParseInt(parts[i+1], 10, 64)
		err = errors.Join(err, wrong)
	}
	f.Mode, f.Size, f.Modified, f.Changed = uint32(mode), numbers[0], numbers[1], numbers[2]
	f.Inode, f.Owner, f.Group = uint64(numbers[3]), uint32(numbers[4]), uint32(numbers[5])
	return f, err == nil
}
