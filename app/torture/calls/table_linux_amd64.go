package calls

import "golang.org/x/sys/unix"

// A callShape is the name of a call and the index of the argument that specifies the file: its
// descriptor or its path.
type callShape struct {
	name         string
	fd           int // -1: none
	path         int // -1: none
	alwaysTraced bool
}

func fdCall(name string, arg int) callShape   { return callShape{name: name, fd: arg, path: -1} }
func pathCall(name string, arg int) callShape { return callShape{name: name, fd: -1, path: arg} }

// callTable contains every call that the program makes on files.
var callTable = map[uint64]callShape{
	unix.SYS_OPENAT: pathCall("openat", 1), unix.SYS_CLOSE: fdCall("close", 0),
	unix.SYS_READ: fdCall("read", 0), unix.SYS_PREAD64: fdCall("pread64", 0), unix.SYS_LSEEK: fdCall("lseek", 0),
	unix.SYS_WRITE: fdCall("write", 0), unix.SYS_PWRITE64: fdCall("pwrite64", 0), unix.SYS_WRITEV: fdCall("writev", 0),
	unix.SYS_COPY_FILE_RANGE: fdCall("copy_file_range", 2), unix.SYS_SENDFILE: fdCall("sendfile", 0), unix.SYS_SPLICE: fdCall("splice", 2),
	unix.SYS_IOCTL: fdCall("ioctl", 0), unix.SYS_FTRUNCATE: fdCall("ftruncate", 0), unix.SYS_FALLOCATE: fdCall("fallocate", 0),
	unix.SYS_FSYNC: fdCall("fsync", 0), unix.SYS_FDATASYNC: fdCall("fdatasync", 0), unix.SYS_FLOCK: fdCall("flock", 0),
	unix.SYS_FSTAT: fdCall("fstat", 0), unix.SYS_NEWFSTATAT: pathCall("newfstatat", 1), unix.SYS_STATFS: pathCall("statfs", 0),
	unix.SYS_FSTATFS: fdCall("fstatfs", 0), unix.SYS_GETDENTS64: fdCall("getdents64", 0), unix.SYS_READLINKAT: pathCall("readlinkat", 1),
	unix.SYS_RENAMEAT: pathCall("renameat", 3), unix.SYS_RENAMEAT2: pathCall("renameat2", 3),
	unix.SYS_LINKAT: pathCall("linkat", 3), unix.SYS_SYMLINKAT: pathCall("symlinkat", 2),
	unix.SYS_UNLINKAT: pathCall("unlinkat", 1), unix.SYS_MKDIRAT: pathCall("mkdirat", 1),
	unix.SYS_FCHMOD: fdCall("fchmod", 0), unix.SYS_FCHMODAT: pathCall("fchmodat", 1),
	unix.SYS_FCHOWN: fdCall("fchown", 0), unix.SYS_FCHOWNAT: pathCall("fchownat", 1), unix.SYS_UTIMENSAT: pathCall("utimensat", 1),
	unix.SYS_FSETXATTR: fdCall("fsetxattr", 0), unix.SYS_FGETXATTR: fdCall("fgetxattr", 0), unix.SYS_FLISTXATTR: fdCall("flistxattr", 0),
	unix.SYS_EXIT_GROUP: {name: "exit_group", fd: -1, path: -1, alwaysTraced: true},
}

func arguments(r *unix.PtraceRegs) [6]uint64 {
	return [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}
}
