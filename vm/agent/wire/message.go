package wire

import "time"

// Version is the version of the protocol. New operations do not need a new version,
// because a guest answers unknown operations with CodeUnsupported. Version 2 added Bytes
// that are not valid UTF-8.
const Version = 2

// Operations, the values of RequestBody.Op.
const (
	OpHello      = "hello"
	OpInfo       = "info"
	OpResize     = "resize"
	OpSync       = "sync"
	OpFreeze     = "freeze"
	OpThaw       = "thaw"
	OpTrim       = "trim"
	OpPowerOff   = "poweroff"
	OpRun        = "run"
	OpTerminal   = "terminal"
	OpIdentity   = "identity"
	OpMount      = "mount"
	OpForeground = "front"
	OpPrograms   = "programs"
	OpClock      = "clock"
)

// RequestBody is the JSON of a Request. Fields that Op does not use are zero.
type RequestBody struct {
	Op      string `json:"op"`
	Version int    `json:"version,omitempty"`
	// Columns and Rows are the size of the console or of the command's new terminal.
	Columns int `json:"columns,omitempty"`
	Rows    int `json:"rows,omitempty"`
	// LimitMillis is the time in milliseconds after which the guest thaws by itself, at
	// most MaxFreezeMillis.
	LimitMillis int       `json:"limitMillis,omitempty"`
	Run         *Command  `json:"run,omitempty"`
	Identity    *Identity `json:"identity,omitempty"`
	// Mounts are the folders to mount with OpMount.
	Mounts []Mount `json:"mounts,omitempty"`
	// Terminal is the stream of an OpTerminal, for OpForeground.
	Terminal uint32 `json:"terminal,omitempty"`
	// UnixNano is the host's time for OpClock, from MinClock to MaxClock.
	UnixNano int64 `json:"unixNano,omitempty"`
}

// MinClockStep is the smallest difference for which a guest's clock is set. Smaller
// differences can be caused by the duration of the request.
const MinClockStep = 500 * time.Millisecond

// MinClock and MaxClock limit the time that a guest's clock is set to.
var (
	MinClock = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	MaxClock = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// MaxFreezeMillis is the maximum time that a guest stays frozen, in milliseconds.
const MaxFreezeMillis = 10_000

// Command is a command to run in the guest. Env is added to the agent's environment.
// With OpTerminal it runs on a new terminal: all output is on Stdout, and empty Args mean
// root's login shell.
type Command struct {
	Args ByteStrings `json:"args"`
	Env  ByteStrings `json:"env,omitempty"`
	Dir  Bytes       `json:"dir,omitempty"`
	// Input reports whether standard input follows as Data. If not, it is empty.
	Input bool `json:"input,omitempty"`
}

// ResponseBody is the JSON of a Response.
type ResponseBody struct {
	Error *Error `json:"error,omitempty"`
	Info  *Info  `json:"info,omitempty"`
	// Exit is a command's exit code, or 128 plus the number of the signal that killed it.
	Exit int `json:"exit,omitempty"`
	// Trimmed is the number of discarded bytes.
	Trimmed        int64           `json:"trimmed,omitempty"`
	IdentityResult *IdentityResult `json:"identified,omitempty"`
	// MountProblems has an error text, or "" for success, for each of the Mounts.
	MountProblems []string `json:"mountProblems,omitempty"`
	// Program is the name of a terminal's foreground program, or "" for the command that
	// was started on it.
	Program string `json:"program,omitempty"`
	// Programs are the names of the foreground programs of all terminals in the guest,
	// without shells at their prompt.
	Programs []string `json:"programs,omitempty"`
	// ClockMoved is the change of the clock by OpClock in nanoseconds.
	ClockMoved int64 `json:"clockMoved,omitempty"`
}

// Info is information about a guest.
type Info struct {
	Version  int    `json:"version"`
	Hostname string `json:"hostname"`
	// Kernel is the kernel release, such as "7.1.3".
	Kernel string `json:"kernel"`
	// Addresses are the IP addresses of the guest's interfaces, without loopback.
	Addresses []string `json:"addresses"`
	// DiskTotal and DiskFree are the size and free space of the root file system in bytes.
	DiskTotal int64 `json:"diskTotal"`
	DiskFree  int64 `json:"diskFree"`
}

// Codes of an Error.
const (
	CodeFailed      = "failed"
	CodeUnsupported = "unsupported"
	CodeBusy        = "busy"
	CodeState       = "state"
	CodeNotFound    = "not-found"
	// CodeNotExecutable means that a command exists but cannot be executed.
	CodeNotExecutable = "not-executable"
)

// Error describes why an operation failed in the guest.
type Error struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (e *Error) Error() string { return e.Text }
