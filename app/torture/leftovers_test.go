package torture

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// leftoversIn lists leftover files in a store.
func leftoversIn(root string) []string {
	var left []string
	_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			left = append(left, err.Error())
		case isLeftover(path):
			left = append(left, rel)
		}
		return nil
	})
	return left
}

func isLeftover(path string) bool {
	name := filepath.Base(path)
	if durable.IsTempOf(name, usecase.Exported) || durable.IsTempOf(name, usecase.AnyJSON) {
		return false // in the user's folder or without a lock: never swept
	}
	if of, ok := strings.CutSuffix(path, snapshot.IndexSuffix); ok {
		_, err := os.Lstat(of + snapshot.FileSuffix)
		return err != nil
	}
	if _, _, isDisk := home.ParseImageDisk(name); isDisk || filepath.Ext(name) == home.ImageSuffix {
		_, err := os.Lstat(home.ImageDir(filepath.Dir(path)).Row())
		return err != nil
	}
	return name[0] == '.' || strings.HasSuffix(name, durable.TempSuffix) ||
		strings.HasPrefix(name, filepath.Base(home.VMDir("").FirmwareNextPrefix())) ||
		strings.HasSuffix(name, snapshot.HeaderSuffix) || strings.Contains(name, durable.AsideInfix)
}
