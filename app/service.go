// Package app implements the use cases of VMTerminal: one [Service] that the window, the
// tray and the commands share. It connects vm and snapshot, which do not import each other.
// It imports no GUI toolkit and prints nothing.
//
// All methods of Service are safe for concurrent use. None of them should be called on a UI
// goroutine, because they read disks and wait for other processes. Several processes may
// use one home at the same time; files and their locks are authoritative.
//
// Options.Log receives debug messages: requests to supervisors, phases of jobs with their
// durations, waits for locks, and retries. It is passed to other packages at construction; they
// have no loggers of their own. Messages never contain guest data or text that a user entered.
package app

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// BuiltinGuest is the guest that is built into the program. If the program contains no guest,
// the functions return an error that says how to get one.
type BuiltinGuest struct {
	// WriteDisk writes a sparse disk that is size bytes long to the empty file f.
	WriteDisk func(ctx context.Context, f *os.File, size int64) error
	// Kernel returns the path of the kernel file. It extracts the file to the folder named by
	// cache if necessary.
	Kernel func(cache string) (string, error)
	// CommandLine returns the kernel command line for a guest with the given host name in the
	// VM with the given ID.
	CommandLine func(hostname, id string) string
	// Agent returns the agent program, for installation in other guests.
	Agent func() ([]byte, error)
	// Version is the version of the guest's contents, or "" if the program contains no guest.
	Version string
}

// Options configures a [Service].
type Options struct {
	Home  home.Dir
	Guest BuiltinGuest
	// Program is the executable that is started as supervisor, with SupervisorCommand and
	// the VM's name as arguments.
	Program string
	// Version is the version of the program.
	Version string
	// Images describes the servers that images are downloaded from. The zero value selects the
	// distributions' own servers.
	Images ImageSources
	// Log receives debug messages; nil discards them. If debug messages are enabled when a
	// supervisor is started, it writes its own to the VM's host.log.
	Log *slog.Logger
	// Window reports whether the program has a window.
	Window bool
}

// EnvDebug is the environment variable that enables debug messages. Supervisors inherit it.
const EnvDebug = "VMTERMINAL_DEBUG"

// SupervisorCommand is the hidden command that runs a supervisor.
const SupervisorCommand = "host-process"

// Service provides the use cases to the front ends; see the package comment.
type Service struct {
	opt  Options
	vms  *vm.Store
	jobs *job.List

	summaries *summaries
	adoptions *adoptions
	notes     *notes
	onWait    func(durable.Holder) // see WaitForJobs
	now       func() time.Time     // the clock for creating, counting and pruning snapshots
}

// New returns a Service for a home folder. The folder is created when something is first
// written to it.
func New(opt Options) *Service {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	s := &Service{
		opt: opt, vms: vm.OpenStore(opt.Home), now: wallClock,
		summaries: &summaries{}, adoptions: &adoptions{}, notes: &notes{},
	}
	s.jobs = job.NewList(s.recordJob)
	return s
}

// WaitForJobs returns a Service that shares everything with s, except that its operations
// wait for other jobs on a VM instead of failing. onWait is called once for each wait, with
// the process that is waited for.
func (s *Service) WaitForJobs(onWait func(durable.Holder)) *Service {
	waiting := *s
	waiting.onWait = onWait
	return &waiting
}

// notes holds the functions that receive notes.
type notes struct {
	mu        sync.Mutex
	receivers []func(problem.Note)
}

// WatchNotes calls receive for each note from now on, on any goroutine. The texts of notes are
// safe to display.
func (s *Service) WatchNotes(receive func(problem.Note)) {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	s.notes.receivers = append(s.notes.receivers, receive)
}

func (s *Service) sendNote(n problem.Note) {
	s.notes.mu.Lock()
	receivers := slices.Clone(s.notes.receivers)
	s.notes.mu.Unlock()
	for _, f := range receivers {
		f(n.Map(Plain))
	}
}

// Home returns the folder of the store.
func (s *Service) Home() home.Dir { return s.opt.Home }

// Version returns the version of the program.
func (s *Service) Version() string { return s.opt.Version }

// entry returns the named VM, or the active VM if name is empty.
func (s *Service) entry(name string) (vm.Entry, error) {
	if name == "" {
		return s.vms.Active()
	}
	return s.vms.Get(name)
}

// makeSocketDir creates the private folder for sockets and returns its path.
func (s *Service) makeSocketDir() (string, error) {
	dir := s.opt.Home.Run()
	return filepath.Clean(dir), durable.MakeDir(dir)
}
