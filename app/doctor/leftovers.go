package doctor

import (
	"io/fs"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// checkLeftovers looks for files in the store that are no longer needed but take up space.
func (c *checker) checkLeftovers() []Finding {
	found := c.findLeftovers()
	var all []Finding
	add := func(subject Subject, code Code, args Args, fixes ...Fix) {
		all = append(all, Finding{subject, Note, code, args, fixes})
	}
	if found.unfinished > 0 {
		add(SubjectLeftovers, UnfinishedFiles, Args{Count: found.unfinished, Size: found.size}, Fix{Action: AwaitRemoval})
	}
	for _, path := range found.undoDisks {
		add(SubjectUndoDisk, UndoDiskHidden, Args{Path: path},
			Fix{Action: AwaitRename}, Fix{Action: InspectAttributes, Path: filepath.Dir(path)})
	}
	for _, path := range found.damagedFiles {
		add(SubjectLeftovers, DamagedFile, Args{Path: path}, Fix{Action: RemoveFile, Path: path})
	}
	for _, path := range found.savedDisks {
		disk, _, _ := strings.Cut(path, home.SavedInfix)
		add(SubjectLeftovers, SavedDisk, Args{Path: path},
			Fix{Action: ReplaceDisk, Path: path, Target: disk}, Fix{Action: RemoveFile, Path: path})
	}
	for _, name := range found.unlistedVMs {
		dir := string(c.Home.VM(name))
		add(SubjectLeftovers, UnlistedVM, Args{VM: name, Path: dir},
			Fix{Action: AdoptVM, Name: name}, Fix{Action: RemoveFolder, Path: dir})
	}
	if len(all) == 0 {
		all = []Finding{{Subject: SubjectLeftovers, Status: OK, Code: LeftoversNone}}
	}
	return all
}

type leftovers struct {
	unfinished   int
	size         int64    // of the unfinished files
	undoDisks    []string // paths of replaced disks that have only a temporary name
	damagedFiles []string // paths of files that were set aside
	savedDisks   []string // paths of disks that were saved from a guest
	unlistedVMs  []string // names of VMs
}

// findLeftovers searches the store. It skips VMs that a job is using, because their unfinished
// files are still being written, and files that it cannot read, because other checks report
// them.
func (c *checker) findLeftovers() leftovers {
	var found leftovers
	listed := map[string]bool{}
	for _, v := range c.vms {
		listed[durable.FoldName(v.Name)] = true
	}
	root := c.Home
	_ = filepath.WalkDir(string(root), func(path string, d fs.DirEntry, walkErr error) error { // ignore errors; see above
		switch {
		case walkErr != nil:
			return nil //nolint:nilerr // see above
		case d.IsDir() && (path == root.Cache() || path == root.Run()):
			return fs.SkipDir
		case d.IsDir() && filepath.Dir(path) == root.Data():
			if isInUse(home.VMDir(path)) {
				return fs.SkipDir
			}
			if c.vmsErr == nil && !listed[durable.FoldName(d.Name())] && durable.CheckName(d.Name()) == nil {
				found.unlistedVMs = append(found.unlistedVMs, d.Name())
			}
		case d.IsDir():
		case strings.Contains(d.Name(), durable.AsideInfix):
			found.damagedFiles = append(found.damagedFiles, path)
		case strings.HasPrefix(d.Name(), filepath.Base(home.VMDir("").Disk())+home.SavedInfix):
			found.savedDisks = append(found.savedDisks, path)
		case isUnnamedUndoDisk(path, d):
			found.undoDisks = append(found.undoDisks, path)
		case d.Name()[0] == '.' && strings.HasSuffix(d.Name(), durable.TempSuffix), strings.HasPrefix(path, root.Data()+"/."):
			found.unfinished++
			if info, err := d.Info(); err == nil {
				found.size += diskfile.Allocated(info)
			}
		}
		return nil
	})
	return found
}

// isInUse reports whether a job is using a VM's folder, or the VM is being created.
func isInUse(dir home.VMDir) bool {
	job, _ := durable.IsLocked(dir.JobLock())
	vm, _ := durable.IsLocked(dir.Lock())
	return job || vm && filepath.Base(string(dir))[0] == '.'
}

// isUnnamedUndoDisk reports whether a file is a disk that a restore replaced and whose only name is
// this temporary one.
func isUnnamedUndoDisk(path string, d fs.DirEntry) bool {
	undo := home.VMDir(filepath.Dir(path)).Undo()
	if !d.Type().IsRegular() || !durable.IsTempOf(path, undo) {
		return false
	}
	info, err := d.Info()
	return err == nil && diskfile.Links(info) == 1
}
