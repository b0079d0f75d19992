package debian

import (
	"archive/tar"
	"bytes"
	"embed"
	"io/fs"
	"strings"
	"time"
)

//go:embed all:rootfs
var rootfs embed.FS

//go:embed customize.sh
var customize string

// buildOverlay returns a tar archive of rootfs, which is added to the new system. Equal files
// result in equal bytes.
func buildOverlay() ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := fs.WalkDir(rootfs, "rootfs", func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == "rootfs" {
			return err
		}
		h := &tar.Header{
			Typeflag: tar.TypeDir, Name: "./" + strings.TrimPrefix(path, "rootfs/"), Mode: 0o755,
			ModTime: time.Unix(0, 0), Format: tar.FormatGNU,
		}
		var content []byte
		if !e.IsDir() {
			if content, err = rootfs.ReadFile(path); err != nil {
				return err
			}
			h.Typeflag, h.Mode, h.Size = tar.TypeReg, 0o644, int64(len(content))
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}
