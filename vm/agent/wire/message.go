package wire

// Version is the protocol's. A guest answers operations that it does not know
// with CodeUnsupported, so operations can be added without changing it.
const Version = 1

// The operations.
const (
	OpHello    = "hello"
	OpInfo     = "info"
	OpResize   = "resize"
	OpSync     = "sync"
	OpFreeze   = "freeze"
	OpThaw     = "thaw"
	OpTrim     = "trim"
	OpPowerOff = "poweroff"
	OpRun      = "run"
	OpTerminal = "terminal"
	OpIdentity = "identity"
	OpMount    = "mount"
	OpFront    = "front"
)

// Ask is the JSON of a Request. Besides Op, the fields that the operation needs
// are set.
type Ask struct {
	Op      string `json:"op"`
	Version int    `json:"version,omitempty"`
	// Columns and Rows are the console's size, or that of the terminal that a
	// command gets.
	Columns int `json:"columns,omitempty"`
	Rows    int `json:"rows,omitempty"`
	// LimitMillis is when the guest thaws by itself; at most MaxFreezeMillis.
	LimitMillis int       `json:"limitMillis,omitempty"`
	Run         *Command  `json:"run,omitempty"`
	Identity    *Identity `json:"identity,omitempty"`
	// Mounts are what OpMount mounts.
	Mounts []Mount `json:"mounts,omitempty"`
	// Terminal is the stream of the OpTerminal that OpFront asks about.
	Terminal uint32 `json:"terminal,omitempty"`
}

// MaxFreezeMillis is the longest that a guest stays frozen, in milliseconds.
const MaxFreezeMillis = 10_000

// Command is what to run in the guest. Env adds to the agent's environment.
// OpTerminal runs it on a terminal of its own: all output is on Stdout, and no
// Args mean root's login shell.
type Command struct {
	Args []string `json:"args"`
	Env  []string `json:"env,omitempty"`
	Dir  string   `json:"dir,omitempty"`
	// Input says that standard input follows as Data; else it is empty.
	Input bool `json:"input,omitempty"`
}

// Answer is the JSON of a Response.
type Answer struct {
	Error *Error `json:"error,omitempty"`
	Info  *Info  `json:"info,omitempty"`
	// Exit is a command's exit code; 128 and the signal's number if killed.
	Exit int `json:"exit,omitempty"`
	// Trimmed is how many bytes were given back.
	Trimmed    int64       `json:"trimmed,omitempty"`
	Identified *Identified `json:"identified,omitempty"`
	// MountProblems is why each of the Mounts was not to be had, or "".
	MountProblems []string `json:"mountProblems,omitempty"`
	// Program is the name of what has a terminal's keyboard, by its foreground
	// process group; "" is the command that was started on it.
	Program string `json:"program,omitempty"`
}

// Info is what the agent tells of its guest.
type Info struct {
	Version  int    `json:"version"`
	Hostname string `json:"hostname"`
	// Kernel is the system's release, such as "7.1.3".
	Kernel string `json:"kernel"`
	// Addresses are those of the guest's own interfaces, loopback left out.
	Addresses []string `json:"addresses"`
	// DiskTotal and DiskFree are of the root file system, in bytes.
	DiskTotal int64 `json:"diskTotal"`
	DiskFree  int64 `json:"diskFree"`
}

// The codes of an Error.
const (
	CodeFailed      = "failed"
	CodeUnsupported = "unsupported"
	CodeBusy        = "busy"
	CodeState       = "state"
	CodeNotFound    = "not-found"
)

// Error is why an operation failed in the guest.
type Error struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (e *Error) Error() string { return e.Text }
