package calls

import "golang.org/x/sys/unix"

// A callShape is the name of a call and the index of the argument that specifies the file: its
// descriptor or its path.
type callShape struct {
	name   string
	fd     int // -1: none
	path   int // -1: none
	always bool
}

func onFD(name string, arg int) callShape   { return callShape{name: name, fd: arg, path: -1} }
func onPath(name string, arg int) callShape { return callShape{name: name, fd: -1, path: arg} }

// table contains every call that the program makes on files.
var table = map[uint64]callShape{
	unix.SYS_OPENAT: onPath("openat", 1), unix.SYS_CLOSE: onFD("close", 0),
	unix.SYS_READ: onFD("read", 0), unix.SYS_PREAD64: onFD("pread64", 0), unix.SYS_LSEEK: onFD("lseek", 0),
	unix.SYS_WRITE: onFD("write", 0), unix.SYS_PWRITE64: onFD("pwrite64", 0), unix.SYS_WRITEV: onFD("writev", 0),
	unix.SYS_COPY_FILE_RANGE: onFD("copy_file_range", 2), unix.SYS_SENDFILE: onFD("sendfile", 0), unix.SYS_SPLICE: onFD("splice", 2),
	unix.SYS_IOCTL: onFD("ioctl", 0), unix.SYS_FTRUNCATE: onFD("ftruncate", 0), unix.SYS_FALLOCATE: onFD("fallocate", 0),
	unix.SYS_FSYNC: onFD("fsync", 0), unix.SYS_FDATASYNC: onFD("fdatasync", 0), unix.SYS_FLOCK: onFD("flock", 0),
	unix.SYS_FSTAT: onFD("fstat", 0), unix.SYS_NEWFSTATAT: onPath("newfstatat", 1), unix.SYS_STATFS: onPath("statfs", 0),
	unix.SYS_FSTATFS: onFD("fstatfs", 0), unix.SYS_GETDENTS64: onFD("getdents64", 0), unix.SYS_READLINKAT: onPath("readlinkat", 1),
	unix.SYS_RENAMEAT: onPath("renameat", 3), unix.SYS_RENAMEAT2: onPath("renameat2", 3),
	unix.SYS_LINKAT: onPath("linkat", 3), unix.SYS_SYMLINKAT: onPath("symlinkat", 2),
	unix.SYS_UNLINKAT: onPath("unlinkat", 1), unix.SYS_MKDIRAT: onPath("mkdirat", 1),
	unix.SYS_FCHMOD: onFD("fchmod", 0), unix.SYS_FCHMODAT: onPath("fchmodat", 1),
	unix.SYS_FCHOWN: onFD("fchown", 0), unix.SYS_FCHOWNAT: onPath("fchownat", 1), unix.SYS_UTIMENSAT: onPath("utimensat", 1),
	unix.SYS_FSETXATTR: onFD("fsetxattr", 0), unix.SYS_FGETXATTR: onFD("fgetxattr", 0), unix.SYS_FLISTXATTR: onFD("flistxattr", 0),
	unix.SYS_EXIT_GROUP: {name: "exit_group", fd: -1, path: -1, always: true},
}

func arguments(r *unix.PtraceRegs) [6]uint64 {
	return [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}
}

// skipCall prevents the call that a thread is about to make.
func skipCall(r *unix.PtraceRegs) { r.Orig_rax = ^uint64(0) }

// setResult sets the result of the call.
func setResult(r *unix.PtraceRegs, e unix.Errno) { r.Rax = uint64(-int64(e)) }
