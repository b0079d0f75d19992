package endtoend

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// lookAtSources makes the tests' result depend on the program: go test repeats
// a result while nothing has changed that a test has looked at itself, and what
// a build reads it does not see. It counts only while tests run.
var lookAtSources = sync.OnceValue(func() error {
	built := []string{".git", ".cache", "bin", "build"}
	return filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // some other test's
			return nil
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(built, d.Name()):
			return fs.SkipDir
		}
		_, _ = os.Stat(path) // looked at, which is all
		return nil
	})
})
