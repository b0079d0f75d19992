package endtoend

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// trackSources makes cached test results depend on the program's source. The go command caches
// a result until a file that the test itself has read changes; files that a build reads do not
// count. Call it while tests run.
var trackSources = sync.OnceValue(func() error {
	ignored := []string{".git", ".cache", "bin", "build"}
	return filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed by another test
			return nil
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(ignored, d.Name()):
			return fs.SkipDir
		}
		_, _ = os.Stat(path) // records the dependency
		return nil
	})
})
