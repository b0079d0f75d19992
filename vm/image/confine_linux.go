package image

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxToolMemory limits the memory of qemu-img, in bytes. It needs about 50 MB, but a hostile
// image can make it allocate more.
const maxToolMemory = 1 << 30

// runConfined runs a command that reads an untrusted file, and calls read for its output. The
// command can access only the files from and disk, which may be nil, and read programs and
// libraries. It has no network access, has limited memory, and is killed when this process
// dies. If the kernel does not support Landlock, the command can access all files.
func runConfined(cmd *exec.Cmd, from, disk *os.File, read func()) error {
	stdin, err := os.Open(os.DevNull) // the confined thread cannot open it
	if err != nil {
		return err
	}
	defer stdin.Close()
	cmd.Stdin = stdin
	// Pdeathsig fires when the thread that started the command exits.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	done := make(chan error)
	go func() {
		// The child inherits the thread's confinement. The thread is never unlocked, so it
		// exits with this goroutine and nothing else runs confined.
		runtime.LockOSThread()
		err := confineThread(cmd.Path, from, disk)
		if err == nil {
			err = cmd.Start()
		}
		if err == nil {
			setLimits(cmd.Process.Pid, disk)
			read()
			err = cmd.Wait()
		}
		done <- err
	}()
	return <-done
}

// setLimits sets resource limits for a process that has just been started.
func setLimits(pid int, disk *os.File) {
	set := func(resource int, most uint64) {
		_ = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil) // it may have exited
	}
	set(unix.RLIMIT_DATA, maxToolMemory)
	set(unix.RLIMIT_CORE, 0)
	size := uint64(0)
	if disk != nil {
		if info, err := disk.Stat(); err == nil {
			size = uint64(info.Size())
		}
	}
	set(unix.RLIMIT_FSIZE, size)
}

// confineThread confines the calling thread and its children.
func confineThread(tool string, from, disk *os.File) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := confineFiles(tool, from, disk); err != nil {
		return err
	}
	return denyNetwork()
}

const (
	mayRead  = unix.LANDLOCK_ACCESS_FS_READ_FILE
	mayWrite = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	mayRun   = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_EXECUTE

	// allOfABI1 is every access right in the first version of Landlock.
	allOfABI1 = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
)

// confineFiles uses Landlock to restrict the files that the thread can access.
func confineFiles(tool string, from, disk *os.File) error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: allOfABI1}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0) //nolint:gosec // the kernel reads it during the call
	if errno == unix.ENOSYS || errno == unix.EOPNOTSUPP {
		return nil // not supported by the kernel
	}
	if errno != 0 {
		return errno
	}
	rules := int(fd)
	defer unix.Close(rules) //nolint:errcheck // nothing was written
	if err := allowFD(rules, int(from.Fd()), mayRead); err != nil {
		return err
	}
	if disk != nil {
		if err := allowFD(rules, int(disk.Fd()), mayWrite); err != nil {
			return err
		}
	}
	for path, access := range map[string]uint64{
		"/usr": mayRun, "/lib": mayRun, "/lib64": mayRun, "/bin": mayRun, "/nix/store": mayRun, "/gnu/store": mayRun,
		filepath.Dir(tool): mayRun, filepath.Join(filepath.Dir(tool), "../lib"): mayRun,
		"/etc/ld.so.cache": mayRead, "/etc/gnutls": mayRun, "/etc/ssl": mayRun, "/etc/crypto-policies": mayRun,
		"/dev/null": mayWrite, "/dev/urandom": mayRead,
	} {
		if err := allowPath(rules, path, access); err != nil {
			return err
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// allowPath permits access to a path and everything below it, if the path exists.
func allowPath(rules int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	return allowFD(rules, fd, access)
}

func allowFD(rules, fd int, access uint64) error {
	attr := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0) //nolint:gosec // the kernel reads it during the call
	if errno != 0 {
		return errno
	}
	return nil
}

// denyNetwork makes system calls that create sockets fail in the thread, including io_uring.
// System calls of other architectures, which have other numbers, fail too.
func denyNetwork() error {
	const archAt, numberAt, x32 = 4, 0, 0x40000000 // in struct seccomp_data
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	result := func(value uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
	}
	jumpIf := func(kind uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | kind | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	arch, known := auditArchs[runtime.GOARCH]
	if !known {
		return nil
	}
	filter := []unix.SockFilter{
		load(archAt),
		jumpIf(unix.BPF_JEQ, arch, 0, 5),
		load(numberAt),
		jumpIf(unix.BPF_JGE, x32, 3, 0),
		jumpIf(unix.BPF_JEQ, unix.SYS_SOCKET, 2, 0),
		jumpIf(unix.BPF_JEQ, unix.SYS_IO_URING_SETUP, 1, 0),
		result(unix.SECCOMP_RET_ALLOW),
		result(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)),
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program))) //nolint:gosec // the kernel reads it during the call
	if errno == unix.EINVAL {
		return nil // not supported by the kernel
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// auditArchs maps GOARCH to the kernel's constant for the architecture in filters.
var auditArchs = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}
