package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/supervisor/client"
)

const (
	// lowSpace is the free space that a VM in use and its snapshots soon need, in bytes.
	lowSpace = 4 << 30
	// minSpace is the minimum free space for a new VM and its first snapshot, in bytes.
	minSpace = 512 << 20
)

// checkStore checks that this user, and nobody else, can use the store's folder.
func (c *checker) checkStore() Finding {
	path := string(c.Home)
	f := Finding{Subject: SubjectStore, Status: Blocking, Args: Args{Path: path}}
	moveStore := Fix{Action: MoveStore, Name: home.EnvVar}
	if err := c.Home.CheckMounted(); err != nil {
		f.Code, f.Args.Err = StoreNotMounted, err
		return f.withFixes(Fix{Action: MountFileSystem, Path: path}, Fix{Action: CreateFolder, Path: path}, moveStore)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Args.Folder = ExistingFolder(path)
		if owner := ownerOf(f.Args.Folder); owner != 0 && os.Geteuid() == 0 {
			f.Code, f.Args.User = StoreRefusedForRoot, UserName(owner)
			return f.withFixes(Fix{Action: UseAsOwner, User: f.Args.User})
		}
		if err := unix.Access(f.Args.Folder, unix.W_OK|unix.X_OK); err != nil {
			f.Code, f.Args.Err = StoreNotCreatable, err
			return f.withFixes(moveStore)
		}
		f.Status, f.Code = OK, StoreNotCreated
		return f
	case err != nil:
		f.Code, f.Args.Err = StoreUnreadable, err
		return f.withFixes(moveStore)
	case !info.IsDir():
		f.Code = StoreNotFolder
		return f.withFixes(Fix{Action: MoveFile, Path: path, Target: path + ".old"})
	}
	if owner := Owner(info); owner != os.Geteuid() {
		f.Args.User = UserName(owner)
		if os.Geteuid() == 0 {
			f.Code = StoreRefusedForRoot
			return f.withFixes(Fix{Action: UseAsOwner, User: f.Args.User})
		}
		f.Code = StoreOtherOwner
		return f.withFixes(Fix{Action: ChangeOwner, Path: path, UID: os.Geteuid()})
	}
	if err := unix.Access(path, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		f.Args.Err = err
		if errors.Is(err, unix.EROFS) {
			f.Code = StoreReadOnly
			return f.withFixes(Fix{Action: RemountWritable, Path: path})
		}
		f.Code = StoreNotWritable
		return f.withFixes(Fix{Action: AllowOwner, Path: path})
	}
	if mode := info.Mode().Perm(); mode&^durable.DirMode != 0 {
		f.Status, f.Code, f.Args.Mode = Note, StoreOpenToOthers, mode
		return f.withFixes(Fix{Action: ChangeMode, Path: path, Mode: durable.DirMode})
	}
	f.Status, f.Code = OK, StorePrivate
	return f
}

// belongsToOtherUser reports whether the store belongs to another user, or would be created in
// another user's folder.
func (c *checker) belongsToOtherUser() bool {
	return ownerOf(ExistingFolder(string(c.Home))) != os.Geteuid()
}

// ownerOf returns the user ID of the owner of path, or of this process if the owner cannot be
// determined.
func ownerOf(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return os.Geteuid()
	}
	return Owner(info)
}

// ExistingFolder returns path, or the nearest folder above it that exists.
func ExistingFolder(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// Space returns the free and total bytes of the store's file system. The store need not exist
// yet.
func Space(root home.Dir) (free, total int64, err error) {
	return diskfile.Space(ExistingFolder(string(root)))
}

func (c *checker) checkSpace() Finding {
	f := Finding{Subject: SubjectSpace, Status: OK, Code: SpaceEnough}
	free, total, err := Space(c.Home)
	if err != nil {
		f.Status, f.Code, f.Args.Err = Note, SpaceUnknown, err
		return f
	}
	f.Args.Free, f.Args.Total = free, total
	switch {
	case !diskfile.HasFreeInodes(ExistingFolder(string(c.Home))):
		f.Status, f.Code = Blocking, SpaceNoInodes
	case free < minSpace:
		f.Status, f.Code = Blocking, SpaceTooLow
	case free < lowSpace:
		f.Status, f.Code = Note, SpaceLow
	default:
		return f
	}
	return f.withFixes(Fix{Action: ShowUsage, Path: ExistingFolder(string(c.Home))})
}

func (c *checker) checkSharedBlocks() Finding {
	f := Finding{Subject: SubjectSharedBlocks, Status: OK, Code: BlocksShared}
	switch shares, err := diskfile.SharesBlocks(ExistingFolder(string(c.Home))); {
	case err != nil:
		f.Status, f.Code, f.Args.Err = Note, BlocksUnknown, err
	case !shares:
		f.Status, f.Code = Note, BlocksNotShared
		return f.withFixes(Fix{Action: MoveStoreSharing, Name: home.EnvVar})
	}
	return f
}

// MissingFeatures returns the features that the store's file system is known to lack. The store
// need not exist yet.
func MissingFeatures(root home.Dir) []durable.Feature {
	missing, _ := durable.MissingFeatures(ExistingFolder(string(root))) // checkStore reports why files cannot be created
	return missing
}

func (c *checker) checkFeatures() Finding {
	f := Finding{Subject: SubjectFileSystem, Status: OK, Code: FileSystemComplete}
	if len(c.features) > 0 {
		f.Status, f.Code, f.Args.Features = Note, FileSystemLacks, c.features
		return f.withFixes(Fix{Action: MoveStoreSafer, Name: home.EnvVar})
	}
	return f
}

// checkSockets reports where the sockets of running VMs will be.
func (c *checker) checkSockets() Finding {
	f := Finding{Subject: SubjectSockets, Status: OK, Code: SocketsInStore}
	dir, err := client.FindRunDir(c.Home.Run(), !slices.Contains(c.features, durable.Sockets))
	switch {
	case err != nil:
		f.Status, f.Code, f.Args.Err = Blocking, SocketsNowhere, err
		return f.withFixes(Fix{Action: RemoveSocketDir}, Fix{Action: SetSocketFolder, Name: "XDG_RUNTIME_DIR"})
	case dir != c.Home.Run():
		f.Code, f.Args.Path = SocketsElsewhere, dir
	}
	return f
}

func (c *checker) checkConfig() Finding {
	f := Finding{Subject: SubjectConfig, Status: OK, Code: ConfigReadable}
	if err := c.CheckConfig(); err != nil {
		path := c.Home.Config()
		f.Status, f.Code, f.Args = Blocking, ConfigInvalid, Args{Path: path, Err: err}
		return f.withFixes(Fix{Action: EditLine, Path: path})
	}
	return f
}
