package snapshot

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"

	"vmterminal/snapshot/gzfile"
)

// unpack gives the disk in a gzip file of another tool to sink. What is not a raw
// disk, but often packed and given the name of one, is damage.
func unpack(ctx context.Context, r io.Reader, sink gzfile.Sink, opt gzfile.Options) (gzfile.Content, error) {
	return gzfile.Stream(ctx, r, func(off int64, content []byte) error {
		if what := notDisk(content); off == 0 && what != "" {
			return &gzfile.Damage{Chunk: -1, Reason: "what is packed in it is " + what + ", and not a raw disk"}
		}
		return sink(off, content)
	}, opt)
}

// notDisk says what a file is that starts like this, "" if it may be a disk.
func notDisk(start []byte) string {
	switch {
	case bytes.HasPrefix(start, []byte("QFI\xfb")):
		return "a qcow2 image"
	case isTar(start):
		return "a tar archive"
	}
	return ""
}

// isTar looks for tar's mark, and for the sum of its first header, which no boot
// sector has by chance.
func isTar(start []byte) bool {
	const header, sumAt, sumLen, markAt = 512, 148, 8, 257
	if len(start) < header || !bytes.HasPrefix(start[markAt:], []byte("ustar")) {
		return false
	}
	says, err := strconv.ParseInt(strings.Trim(string(start[sumAt:sumAt+sumLen]), " \x00"), 8, 64)
	sum := int64(sumLen * ' ') // what the sum itself counts as
	for at, b := range start[:header] {
		if at < sumAt || at >= sumAt+sumLen {
			sum += int64(b)
		}
	}
	return err == nil && sum == says
}
