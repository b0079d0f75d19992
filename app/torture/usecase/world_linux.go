package usecase

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app"
	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// A World describes the contents of a store by key. Files are represented by their digests.
type World map[string]string

// Parts of keys that are not always compared.
const (
	// Identity is different in every run of the same use cases.
	Identity = " identity"
	// State and Verified are facts in the list about a snapshot besides its file; Current is the
	// snapshot that the disk matches.
	State    = " state"
	Verified = " verified"
	Current  = " current"
	// ContentOf and BytesOf precede the name of a snapshot's file: its contents as decompressed by
	// gzip, and the file itself. The latter may differ until the next use case: a header that was
	// cut off while being overwritten can still be read, and the next change repairs it.
	ContentOf = " content of "
	BytesOf   = " bytes of "
)

// Inspect returns the contents of a store. It changes nothing except for repairs on reading.
func Inspect(root string) (World, error) {
	svc, ctx := Open(root), context.Background()
	vms, notes, err := svc.VMs(ctx)
	if err != nil {
		return nil, err
	}
	w := World{}
	w.put("notes", notes...)
	listed := map[string]bool{}
	for _, v := range vms {
		listed[v.Name] = true
		is := "vm " + v.Name
		w.put(is, fmt.Sprintf("%s %s %s %d %d %s", v.State, v.Problem.Cause, v.Image, v.CPUs, v.MemoryMB, v.Accel))
		w.put(is+Identity, fmt.Sprint(v.MAC, v.Created))
		w.put(is+" active", fmt.Sprint(v.Active))
		list, err := svc.Snapshots(ctx, v.Name)
		if err != nil {
			return nil, err
		}
		w.put(is+" notes", list.Notes...)
		for _, s := range list.Snapshots {
			w.putSnapshot(is, s)
		}
		w.putFolder(is, svc.Home().VM(v.Name))
	}
	entries, err := os.ReadDir(svc.Home().Data())
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !listed[e.Name()] && durable.CheckName(e.Name()) == nil {
			w.putFolder("left "+e.Name(), svc.Home().VM(e.Name()))
		}
	}
	for _, name := range []string{AnyJSON, Exported} {
		w.putFile(name, filepath.Join(root, name))
	}
	images, err := svc.Images(ctx)
	for _, i := range images {
		is := "image " + i.Name
		w.put(is, fmt.Sprintf("%d %s %s %s %v", i.Size, i.Digest, i.Verified, i.Problem, i.UsedBy))
		w.put(is+Identity, fmt.Sprint(i.Added))
	}
	return w, err
}

func (w World) put(key string, value ...string) {
	if v := strings.Join(value, "; "); v != "" {
		w[key] = v
	}
}

func (w World) putSnapshot(key string, s app.Snapshot) {
	key += " snapshot " + s.Name
	w.put(key, fmt.Sprintf("%s %d %d %s %s %v %v %v %s %q",
		s.VM, s.DiskSize, s.FileSize, s.Digest, string(s.Taken), s.FrozenFor, s.Foreign, s.Pinned, s.Problem.Cause, s.Description))
	w.put(key+Identity, fmt.Sprint(s.ID, s.Created))
	w.put(key+State, string(s.State))
	if s.IsCurrent {
		w.put(key+Current, "yes")
	}
	if !s.VerifiedAt.IsZero() {
		w.put(key+Verified, s.VerifiedAt.String())
	}
}

// putFolder records the disks and the snapshots' contents. A hard link to the disk is not an undo disk.
func (w World) putFolder(key string, dir home.VMDir) {
	w.put(key+" disk", diskDigest(dir, dir.Disk()))
	if kept, st, err := diskfile.UndoDisk(dir.Disk(), dir.Undo()); err == nil {
		if disk, err := os.Stat(dir.Disk()); err != nil || !os.SameFile(disk, st) {
			w.put(key+" undo", diskDigest(dir, kept))
		}
	}
	// Until the VM is locked, leftovers of a crash do not count.
	if err := snapshot.Open(app.SnapshotPaths(dir)).SettleFirmware(); err != nil {
		w.put(key+" firmware that is not settled", err.Error())
	}
	for what, path := range map[string]string{" firmware": dir.Firmware(), " firmware undo": dir.FirmwareUndo()} {
		if st, err := os.Stat(path); err == nil && st.Size() > 0 {
			w.putFile(key+what, path)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir.Snapshots(), "*"+snapshot.FileSuffix))
	for _, path := range files {
		bytes := fileDigest(path)
		w.put(key+BytesOf+filepath.Base(path), bytes)
		w.put(key+ContentOf+filepath.Base(path), contentDigest(path, bytes))
	}
}

func (w World) putFile(key, path string) {
	w.put(key, fileDigest(path))
}

// contentDigest returns the digest of a snapshot file's contents as decompressed by gzip. key
// is the digest of the file itself.
func contentDigest(path, key string) string {
	if known, ok := contentCache[key]; ok {
		return known
	}
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	d := &digest{}
	z, err := gzip.NewReader(f)
	if err == nil {
		_, err = io.Copy(d, z) //nolint:gosec // it was packed by this program
	}
	if err != nil {
		return err.Error()
	}
	contentCache[key] = d.String()
	return contentCache[key]
}

// contentCache caches the results of contentDigest, because most states share most files.
var contentCache = map[string]string{}
