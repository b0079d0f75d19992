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
	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
)

// A World is all that a user has in a store, by what it is; the content of files
// is there as digests.
type World map[string]string

// These are in the keys of what is not always to be compared.
const (
	// Identity is what no other run of the same use cases has.
	Identity = " identity"
	// State and Verified are what the list knows of a snapshot besides its file;
	// Here is which one the disk is.
	State    = " state"
	Verified = " verified"
	Here     = " here"
	// ContentOf and BytesOf come before the name of a snapshot's file: what another
	// gzip makes of it, and it itself. The latter may differ until the
	// next use case: a header that was cut off while it was overwritten is whole for
	// all who read it, and is mended by who next changes something.
	ContentOf = " content of "
	BytesOf   = " bytes of "
)

// Look looks at a store. It changes nothing but what looking mends.
func Look(home string) (World, error) {
	svc, ctx := Open(home), context.Background()
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
		w.put(is, fmt.Sprintf("%s %s %s %d %d %s", v.State, v.Problem, v.Image, v.CPUs, v.MemoryMB, v.Accel))
		w.put(is+Identity, fmt.Sprint(v.MAC, v.Created))
		w.put(is+" active", fmt.Sprint(v.Active))
		list, err := svc.Snapshots(ctx, v.Name)
		if err != nil {
			return nil, err
		}
		w.put(is+" notes", list.Notes...)
		for _, s := range list.Snapshots {
			w.snapshot(is, s)
		}
		w.folder(is, svc.Home().VM(v.Name))
	}
	entries, err := os.ReadDir(svc.Home().Data())
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !listed[e.Name()] && ondisk.CheckName(e.Name()) == nil {
			w.folder("left "+e.Name(), svc.Home().VM(e.Name()))
		}
	}
	for _, name := range []string{AnyJSON, Exported} {
		w.file(name, filepath.Join(home, name))
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

func (w World) snapshot(is string, s app.Snapshot) {
	is += " snapshot " + s.Name
	w.put(is, fmt.Sprintf("%s %d %d %s %s %v %v %v %s %q",
		s.VM, s.DiskSize, s.FileSize, s.Digest, s.Taken, s.Held, s.Foreign, s.Pinned, s.Problem, s.Description))
	w.put(is+Identity, fmt.Sprint(s.ID, s.Created))
	w.put(is+State, s.State)
	if s.Here {
		w.put(is+Here, "yes")
	}
	if !s.VerifiedAt.IsZero() {
		w.put(is+Verified, s.VerifiedAt.String())
	}
}

// folder looks at the disks and the snapshots' content. A name that is another
// one of the disk is no undo.
func (w World) folder(is string, dir ondisk.VMDir) {
	w.file(is+" disk", dir.Disk())
	if kept, st, err := diskfile.Kept(dir.Disk(), dir.Undo()); err == nil {
		if disk, err := os.Stat(dir.Disk()); err != nil || !os.SameFile(disk, st) {
			w.file(is+" undo", kept)
		}
	}
	// Until someone holds the VM, what a crash has left does not count.
	if err := snapshot.Open(dir).SettleFirmware(); err != nil {
		w.put(is+" firmware that is not settled", err.Error())
	}
	for what, path := range map[string]string{" firmware": dir.Firmware(), " firmware undo": dir.FirmwareUndo()} {
		if st, err := os.Stat(path); err == nil && st.Size() > 0 {
			w.file(is+what, path)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir.Snapshots(), "*"+ondisk.SnapshotSuffix))
	for _, path := range files {
		bytes := digestOf(path)
		w.put(is+BytesOf+filepath.Base(path), bytes)
		w.put(is+ContentOf+filepath.Base(path), unpacked(path, bytes))
	}
}

func (w World) file(is, path string) {
	w.put(is, digestOf(path))
}

// unpacked is the digest of what another gzip makes of a snapshot's file, whose
// own digest is key.
func unpacked(path, key string) string {
	if known, ok := unpackedBefore[key]; ok {
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
	unpackedBefore[key] = d.String()
	return unpackedBefore[key]
}

// unpackedBefore has the answer for files that were looked at already: nearly
// all states have nearly all files in common.
var unpackedBefore = map[string]string{}
