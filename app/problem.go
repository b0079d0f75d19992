package app

// Problem is an error as people are told of it, in dialogs and by commands
// alike.
type Problem struct {
	// Title is what failed, in a few words; Detail the one line with the cause.
	Title, Detail string
	// Hint is the next step, "" if there is none to tell.
	Hint string
	// Exit is the exit code of a command.
	Exit int
}

// Exit codes of the commands.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitNotFound    = 3
	ExitState       = 4 // wrong state, or busy
	ExitDamaged     = 5
	ExitNoSpace     = 6
	ExitInterrupted = 130
)
