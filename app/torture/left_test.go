package torture

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
)

// leftIn lists the files in a store that are of no use.
func leftIn(home string) []string {
	var left []string
	_ = filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(home, path)
		switch {
		case err != nil:
			left = append(left, err.Error())
		case isLeft(path):
			left = append(left, rel)
		}
		return nil
	})
	return left
}

func isLeft(path string) bool {
	name := filepath.Base(path)
	if ondisk.IsTempOf(name, usecase.Exported) || ondisk.IsTempOf(name, usecase.AnyJSON) {
		return false // in a folder of the user's own, or of no lock: nobody sweeps it
	}
	if of, ok := strings.CutSuffix(path, ondisk.IndexSuffix); ok {
		_, err := os.Lstat(of + ondisk.SnapshotSuffix)
		return err != nil
	}
	if _, _, isDisk := ondisk.ParseImageDisk(name); isDisk || filepath.Ext(name) == ondisk.ImageSuffix {
		_, err := os.Lstat(ondisk.ImageDir(filepath.Dir(path)).Row())
		return err != nil
	}
	return name[0] == '.' || strings.HasSuffix(name, ondisk.TempSuffix) ||
		strings.HasPrefix(name, filepath.Base(ondisk.VMDir("").FirmwareNextPrefix())) ||
		strings.HasSuffix(name, ondisk.HeaderSuffix) || strings.Contains(name, ondisk.AsideInfix)
}
