package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/vm/host"
)

const (
	// littleSpace is what a VM with some work in it, and its snapshots, soon need.
	littleSpace = 4 << 30
	// noSpace is what a new VM and its first snapshot need at least.
	noSpace = 512 << 20
)

// checkStore looks at who may use the store's folder.
func (s *Service) checkStore() Check {
	c := Check{Name: "store", State: CheckMissing}
	path := string(s.opt.Home)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		above := existing(path)
		if err := unix.Access(above, unix.W_OK|unix.X_OK); err != nil {
			c.Found = fmt.Sprintf("%s cannot be made: %s: %v", path, above, err)
			c.Mend = "set " + ondisk.EnvHome + " to a folder of your own"
			return c
		}
		c.State, c.Found = CheckOK, path+" will be made with the first VM"
		return c
	case err != nil:
		c.Found, c.Mend = err.Error(), "set "+ondisk.EnvHome+" to a folder of your own"
		return c
	case !info.IsDir():
		c.Found, c.Mend = path+" is no folder", "mv "+quoted(path)+" "+quoted(path+".old")
		return c
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && os.Geteuid() != 0 {
		c.Found, c.Mend = path+" belongs to another user", fmt.Sprintf("sudo chown -R %d %s", os.Geteuid(), quoted(path))
		return c
	}
	if err := unix.Access(path, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		c.Found, c.Mend = fmt.Sprintf("%s cannot be written: %v", path, err), "chmod u+rwx "+quoted(path)
		if errors.Is(err, unix.EROFS) {
			c.Mend = asRoot("mount -o remount,rw " + quoted(path))
		}
		return c
	}
	if mode := info.Mode().Perm(); mode&^ondisk.DirMode != 0 {
		c.State, c.Found = CheckNote, fmt.Sprintf("%s is open to others (mode %04o)", path, mode)
		c.Mend = fmt.Sprintf("chmod %04o %s", ondisk.DirMode, quoted(path))
		return c
	}
	c.State, c.Found = CheckOK, path+", yours alone"
	return c
}

// existing is the path, or the nearest folder above that there is.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// space is what the file system of the store has free, and its size, in bytes.
func (s *Service) space() (free, total int64, err error) {
	return diskfile.Space(existing(string(s.opt.Home)))
}

func (s *Service) checkSpace() []Check {
	dir := existing(string(s.opt.Home))
	space := Check{Name: "space", State: CheckOK}
	free, total, err := s.space()
	switch {
	case err != nil:
		space.State, space.Found = CheckNote, "not known: "+err.Error()
	default:
		space.Found = freeOf(free, total)
		if free < littleSpace {
			space.State, space.Mend = CheckNote, "see what takes it: du -h --max-depth=3 "+quoted(dir)
		}
		if free < noSpace {
			space.State = CheckMissing
		}
	}
	shares := Check{Name: "shared blocks", State: CheckOK, Found: "yes: a snapshot takes only the space of what changed"}
	switch can, err := diskfile.SharesBlocks(dir); {
	case err != nil:
		shares.State, shares.Found = CheckNote, "not known: "+err.Error()
	case !can:
		shares.State, shares.Found = CheckNote, "no: each snapshot takes its full size"
		shares.Mend = "nothing has to be done; a store on btrfs or XFS takes less (" + ondisk.EnvHome + " moves it)"
	}
	return []Check{space, shares}
}

// freeOf tells sizes in the unit in which neither is told as 0.
func freeOf(free, total int64) string {
	unit, bytes := "GB", float64(1<<30)
	if free < 1<<30 {
		unit, bytes = "MB", 1<<20
	}
	return fmt.Sprintf("%.1f of %.1f %s free", float64(free)/bytes, float64(total)/bytes, unit)
}

func (s *Service) checkSockets() Check {
	if err := host.CheckRunDir(s.opt.Home.Run()); err != nil {
		return Check{"sockets", CheckMissing, err.Error(), "set " + ondisk.EnvHome + " to a folder with a shorter path"}
	}
	return Check{Name: "sockets", State: CheckOK, Found: "their paths are short enough"}
}

func (s *Service) checkConfig() Check {
	c := Check{Name: "config.yaml", State: CheckOK, Found: "what new VMs get can be read"}
	if _, err := readConfig(s.opt.Home.Config()); err != nil {
		c.State, c.Found, c.Mend = CheckMissing, err.Error(), "mend that line: ${EDITOR:-vi} "+quoted(s.opt.Home.Config())
	}
	return c
}

// checkVMs tells of VMs that cannot be used.
func (s *Service) checkVMs(ctx context.Context) []Check {
	list, notes, err := s.VMs(ctx)
	if err != nil {
		p := Explain(err)
		return []Check{{"VMs", CheckMissing, p.Detail, p.Hint}}
	}
	var wrong []Check
	for _, v := range list {
		switch v.State {
		case Broken:
			wrong = append(wrong, Check{"VM " + v.Name, CheckNote, v.Problem, "vmterminal snapshot list --vm " + v.Name})
		case Lost:
			wrong = append(wrong, Check{"VM " + v.Name, CheckNote, v.Problem, "vmterminal stop --force --vm " + v.Name})
		default: // in order
		}
	}
	for _, note := range notes {
		wrong = append(wrong, Check{Name: "VMs", State: CheckNote, Found: note})
	}
	switch {
	case len(wrong) == 0 && len(list) == 0:
		wrong = []Check{{Name: "VMs", State: CheckOK, Found: "none yet"}}
	case len(wrong) == 0:
		wrong = []Check{{Name: "VMs", State: CheckOK, Found: fmt.Sprintf("%d, all in order", len(list))}}
	}
	return wrong
}
