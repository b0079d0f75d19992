package doctor

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Owner returns the user ID of a file's owner, or of this process on systems where files have
// no owner.
func Owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return os.Geteuid()
}

// UserName returns the name of a user, or "user 1000" if the ID has none.
func UserName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return fmt.Sprintf("user %d", uid)
}

// currentUser returns the name of this user, or "" if unknown.
func currentUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// groupOf returns the name of a file's group. If it is unknown, groupOf returns
// fallback.
func groupOf(path, fallback string) string {
	if info, err := os.Stat(path); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			if g, err := user.LookupGroupId(strconv.Itoa(int(st.Gid))); err == nil {
				return g.Name
			}
		}
	}
	return fallback
}

// checkOwners looks for files in the store that do not belong to the store's owner.
func (c *checker) checkOwners() []Finding {
	store := string(c.Home)
	info, err := os.Stat(store)
	if err != nil {
		return nil // checkStore reports it
	}
	owner := Owner(info)
	count, first := 0, ""
	_ = filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // other checks report what cannot be read
		}
		if info, err := d.Info(); err == nil && Owner(info) != owner {
			if count++; count == 1 {
				first = path
			}
		}
		return nil
	})
	if count == 0 {
		return nil
	}
	f := Finding{Subject: SubjectOwners, Status: Blocking, Code: OwnersDiffer, Args: Args{Count: count, Path: first, User: UserName(owner)}}
	return []Finding{f.withFixes(Fix{Action: ChangeOwner, Path: store, UID: owner})}
}
