package app

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// checkLeft looks for what takes space in the store and is of no use any more.
func (s *Service) checkLeft() []Check {
	found := s.left()
	var all []Check
	if found.unfinished > 0 {
		all = append(all, Check{
			"left-overs", CheckNote,
			fmt.Sprintf("%d unfinished files of jobs that were cut off, %s", found.unfinished, megabytes(found.size)),
			"nothing has to be done: the next job on that VM removes them",
		})
	}
	for _, path := range found.aside {
		all = append(all, Check{
			"left-overs", CheckNote,
			path + " was kept because it could not be read", "once you have looked at it: rm " + quoted(path),
		})
	}
	for _, name := range found.unlisted {
		dir := string(s.opt.Home.VM(name))
		all = append(all, Check{
			"left-overs", CheckNote,
			dir + " is of a VM that was deleted without its data", "vmterminal vm create " + name + " --adopt; or, for good: rm -r " + quoted(dir),
		})
	}
	if len(all) == 0 {
		all = []Check{{Name: "left-overs", State: CheckOK, Found: "none"}}
	}
	return all
}

type leftOvers struct {
	unfinished int
	size       int64
	aside      []string // paths
	unlisted   []string // names of VMs
}

// left looks through the store. A VM that a job works on is left out: what is
// unfinished there is being written. What cannot be looked at is left out too;
// other checks tell of it.
func (s *Service) left() leftOvers {
	var found leftOvers
	listed := map[string]bool{}
	entries, _, err := s.vms.List()
	for _, e := range entries {
		listed[ondisk.FoldName(e.Name)] = true
	}
	home := s.opt.Home
	_ = filepath.WalkDir(string(home), func(path string, d fs.DirEntry, walkErr error) error { // see above
		switch {
		case walkErr != nil:
			return nil //nolint:nilerr // see above
		case d.IsDir() && (path == home.Cache() || path == home.Run()):
			return fs.SkipDir
		case d.IsDir() && filepath.Dir(path) == home.Data():
			if isHeld(ondisk.VMDir(path)) {
				return fs.SkipDir
			}
			if err == nil && !listed[ondisk.FoldName(d.Name())] && ondisk.CheckName(d.Name()) == nil {
				found.unlisted = append(found.unlisted, d.Name())
			}
		case d.IsDir():
		case strings.Contains(d.Name(), ondisk.AsideInfix):
			found.aside = append(found.aside, path)
		case d.Name()[0] == '.' && strings.HasSuffix(d.Name(), ondisk.TempSuffix), strings.HasPrefix(path, home.Data()+"/."):
			found.unfinished++
			if info, err := d.Info(); err == nil {
				found.size += diskfile.Used(info)
			}
		}
		return nil
	})
	return found
}

// isHeld tells whether a job works in a VM's folder, or the VM is being made.
func isHeld(dir ondisk.VMDir) bool {
	job, _ := ondisk.Held(dir.JobLock())
	made, _ := ondisk.Held(dir.Lock())
	return job || made && filepath.Base(string(dir))[0] == '.'
}
