package snapshot

import (
	"context"
	"io"

	"vmterminal/snapshot/durable/diskformat"
	"vmterminal/snapshot/gzfile"
)

// unpackForeign decompresses another tool's gzip file into sink. Content that cannot be a raw disk,
// such as a VMDK or an archive named .raw.gz, is reported as damage.
func unpackForeign(ctx context.Context, r io.Reader, sink gzfile.Sink, opt gzfile.Options) (gzfile.Content, error) {
	var last [diskformat.SectorSize]byte
	var lastEnd int64 // last holds the bytes before this offset
	c, err := gzfile.Stream(ctx, r, func(off int64, content []byte) error {
		if kind := diskformat.Recognize(content); off == 0 && kind != diskformat.Raw && kind != diskformat.LUKS {
			return notDiskError("it is " + string(kind) + ", not a raw disk")
		}
		if len(content) >= len(last) {
			copy(last[:], content[len(content)-len(last):])
			lastEnd = off + int64(len(content))
		}
		return sink(off, content)
	}, opt)
	if err != nil {
		return c, err
	}
	if err := diskformat.CheckSize(c.Size); err != nil {
		return c, notDiskError(err.Error())
	}
	if _, isVHD := diskformat.FixedVHD(last[:], c.Size); isVHD && lastEnd == c.Size {
		return c, notDiskError("it is " + string(diskformat.VHD) + ", not a raw disk")
	}
	return c, nil
}

func notDiskError(reason string) error {
	return &gzfile.Damage{Chunk: -1, Reason: "its content cannot be used as a disk: " + reason}
}
