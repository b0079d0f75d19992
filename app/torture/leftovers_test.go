package torture

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
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
	if dir, ok := strings.CutSuffix(filepath.Dir(path), "/"+filepath.Base(home.VMDir("").Filling())); ok {
		return !isFillingOf(home.VMDir(dir), name)
	}
	if name == "source.idx" {
		return false
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

// isFillingOf reports whether a disk of a VM is filled in from the folder id.
func isFillingOf(dir home.VMDir, id string) bool {
	for _, disk := range []string{dir.Disk(), dir.Undo()} {
		if m, err := lazydisk.Read(disk); err == nil && m != nil && m.ID == id {
			return true
		}
	}
	return false
}
