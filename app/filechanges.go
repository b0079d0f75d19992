package app

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"vmterminal/app/problem"
	"vmterminal/vm/agent"
)

// GuestFiles is a list of the files on a guest's disk at one point in time.
type GuestFiles struct{ files map[string]fileState }

// fileState is the metadata that shows whether a file has changed.
type fileState struct {
	mode         uint32
	size         int64
	changed      int64 // ctime, which every change of a file updates
	inode        uint64
	owner, group uint32
}

// GuestFiles lists the files of a running VM's guest. It returns agent.ErrUnsupported if the
// agent is too old.
func (s *Service) GuestFiles(ctx context.Context, name string) (GuestFiles, error) {
	e, err := s.entry(name)
	if err != nil {
		return GuestFiles{}, wrapFailure(err, problem.Operation{Code: problem.OpFilesList, VM: name})
	}
	out := GuestFiles{files: map[string]fileState{}}
	vmClient, err := s.connect(ctx, e.Name)
	if err == nil {
		defer vmClient.Close()
		err = waitForAgent(ctx, vmClient)
	}
	if err == nil {
		err = agent.Files(ctx, vmClient.Exec, func(f agent.File) {
			out.files[f.Path] = fileState{f.Mode, f.Size, f.Changed, f.Inode, f.Owner, f.Group}
		})
	}
	return out, wrapFailure(err, problem.Operation{Code: problem.OpFilesList, VM: e.Name})
}

// FileChange describes how a file differs between two points in time.
type FileChange struct {
	// Path comes from the guest: it can contain any byte except NUL.
	Path string
	Kind FileChangeKind
	// Before and After are the sizes in bytes, or 0 if the file did not exist at that time.
	Before, After int64
	Dir           bool
}

// FileChangeKind says whether a file was added, changed or removed.
type FileChangeKind string

// The kinds of changes.
const (
	FileAdded   FileChangeKind = "added"
	FileChanged FileChangeKind = "changed"
	FileRemoved FileChangeKind = "removed"
)

// ChangesSince returns the differences from an earlier list, sorted by path. A folder is left out if
// only its entries changed, because those are listed themselves.
func (g GuestFiles) ChangesSince(before GuestFiles) []FileChange {
	var list []FileChange
	for p, now := range g.files {
		old, existed := before.files[p]
		switch {
		case !existed:
			list = append(list, FileChange{p, FileAdded, 0, now.size, now.isDir()})
		case now.differs(old):
			list = append(list, FileChange{p, FileChanged, old.size, now.size, now.isDir()})
		}
	}
	for p, old := range before.files {
		if _, existed := g.files[p]; !existed {
			list = append(list, FileChange{p, FileRemoved, old.size, 0, old.isDir()})
		}
	}
	slices.SortFunc(list, func(a, b FileChange) int { return comparePaths(a.Path, b.Path) })
	return list
}

// comparePaths orders paths so that a folder is directly followed by its contents. Plain string
// order would put "dir.old" between "dir" and "dir/file".
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

const (
	kindBits = 0o170000 // S_IFMT
	kindDir  = 0o040000 // S_IFDIR
)

func (f fileState) isDir() bool { return f.mode&kindBits == kindDir }

func (f fileState) differs(old fileState) bool {
	if f.isDir() && old.isDir() {
		return f.mode != old.mode || f.owner != old.owner || f.group != old.group
	}
	return f != old
}

// SummarizeChanges combines all changes in an added or removed folder into a single one.
func SummarizeChanges(list []FileChange) []TreeChange {
	var out []TreeChange
	for _, c := range list {
		if len(out) > 0 {
			last := &out[len(out)-1]
			if last.Dir && last.Kind == c.Kind && c.Kind != FileChanged && strings.HasPrefix(c.Path, path.Clean(last.Path)+"/") {
				last.Files++
				last.Before += c.sizeBefore()
				last.After += c.sizeAfter()
				continue
			}
		}
		t := TreeChange{FileChange: c}
		t.Before, t.After = c.sizeBefore(), c.sizeAfter()
		out = append(out, t)
	}
	return out
}

// TreeChange is the change of a file or of a whole folder. For a folder, the sizes are sums,
// and Files is the number of files and folders in it.
type TreeChange struct {
	FileChange
	Files int
}

// sizeBefore and sizeAfter return 0 for a folder.
func (c FileChange) sizeBefore() int64 {
	if c.Dir {
		return 0
	}
	return c.Before
}

func (c FileChange) sizeAfter() int64 {
	if c.Dir {
		return 0
	}
	return c.After
}
