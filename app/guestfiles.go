package app

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"vmterminal/vm/agent"
)

// GuestFiles is what was on a guest's disk at a moment.
type GuestFiles struct{ files map[string]fileState }

// fileState is what tells whether a file has changed.
type fileState struct {
	mode         uint32
	size         int64
	changed      int64 // ctime: whatever changes a file changes it
	inode        uint64
	owner, group uint32
}

// GuestFiles lists the files of a running VM's guest. agent.ErrUnsupported when
// its agent is too old to tell.
func (s *Service) GuestFiles(ctx context.Context, name string) (GuestFiles, error) {
	e, err := s.entry(name)
	if err != nil {
		return GuestFiles{}, failed(err, "", "list the files of %s", called(name))
	}
	out := GuestFiles{files: map[string]fileState{}}
	client, err := s.reach(ctx, e.Name)
	if err == nil {
		defer client.Close()
		err = waitForAgent(ctx, client)
	}
	if err == nil {
		err = agent.Files(ctx, client.Exec, func(f agent.File) {
			out.files[f.Path] = fileState{f.Mode, f.Size, f.Changed, f.Inode, f.Owner, f.Group}
		})
	}
	return out, failed(err, "", "list the files of VM '%s'", e.Name)
}

// FileChange is one file that differs between two moments.
type FileChange struct {
	// Path is of the guest's making: any bytes but NUL.
	Path string
	Kind FileChangeKind
	// Before and After are its sizes in bytes, 0 where there is no such file.
	Before, After int64
	Dir           bool
}

// FileChangeKind says what became of a file.
type FileChangeKind string

// The kinds of changes.
const (
	FileAdded   FileChangeKind = "added"
	FileChanged FileChangeKind = "changed"
	FileRemoved FileChangeKind = "removed"
)

// Since returns what differs from an earlier moment, by path. A folder that only
// lost or gained entries is left out: these tell it.
func (g GuestFiles) Since(before GuestFiles) []FileChange {
	var list []FileChange
	for p, now := range g.files {
		was, there := before.files[p]
		switch {
		case !there:
			list = append(list, FileChange{p, FileAdded, 0, now.size, now.isDir()})
		case now.differs(was):
			list = append(list, FileChange{p, FileChanged, was.size, now.size, now.isDir()})
		}
	}
	for p, was := range before.files {
		if _, there := g.files[p]; !there {
			list = append(list, FileChange{p, FileRemoved, was.size, 0, was.isDir()})
		}
	}
	slices.SortFunc(list, func(a, b FileChange) int { return comparePaths(a.Path, b.Path) })
	return list
}

// comparePaths puts what is in a folder right behind it, also where a sibling's
// name goes on with a character below '/'.
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

func (f fileState) differs(was fileState) bool {
	if f.isDir() && was.isDir() {
		return f.mode != was.mode || f.owner != was.owner || f.group != was.group
	}
	return f != was
}

// Shortened sums up whole trees that were added or removed: each is one change.
func Shortened(list []FileChange) []TreeChange {
	var out []TreeChange
	for _, c := range list {
		if len(out) > 0 {
			last := &out[len(out)-1]
			if last.Dir && last.Kind == c.Kind && c.Kind != FileChanged && isBelow(c.Path, last.Path) {
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

// TreeChange is a change of a file, or of a whole folder with its sizes summed
// and how many files are in it.
type TreeChange struct {
	FileChange
	Files int
}

// A folder's own size says nothing.
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

func isBelow(p, dir string) bool { return strings.HasPrefix(p, path.Clean(dir)+"/") }
