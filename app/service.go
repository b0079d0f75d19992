// Package app is what VMTerminal does: the use cases, as one Service that the
// window, the tray and the commands all call. It joins vm and snapshot, which
// do not know each other. It draws nothing and prints nothing.
//
// All methods may be called from many goroutines, and none belongs on a UI
// goroutine: each may read disks or wait for another process. Several programs
// may work on one home at the same time; files and their locks are the truth.
package app

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
)

// BuiltinGuest is the guest that the program carries. In a program that carries
// none its functions return an error that says how to get one.
type BuiltinGuest struct {
	// WriteDisk fills an empty file with a disk of size bytes, sparse.
	WriteDisk func(ctx context.Context, f *os.File, size int64) error
	// Kernel returns the kernel's file, put into the cache folder if need be.
	Kernel func(cache string) (string, error)
	// CommandLine returns the kernel's command line for a guest of that name in
	// the VM of that ID.
	CommandLine func(hostname, id string) string
	// Agent returns the agent's program, to be put into other guests.
	Agent func() ([]byte, error)
	// Version says what the guest is made of; "" in a program that carries none.
	Version string
}

// Options is what a program gives its Service.
type Options struct {
	Home  ondisk.Home
	Guest BuiltinGuest
	// Program is the command that starts a host process: this executable. A
	// host process gets HostCommand and the VM's name as arguments.
	Program string
	// Version is the program's, for the faces to show.
	Version string
	// Images is where images of systems are found; the zero value is the projects'
	// own servers.
	Images ImageSources
	// Window tells whether the program has a window, beside its commands.
	Window bool
}

// HostCommand is the hidden command of the host process.
const HostCommand = "host-process"

// Service is the program without a face.
type Service struct {
	opt  Options
	vms  *vm.Store
	jobs jobList

	summaries summaries

	adoptions adoptions
	patient   func(string)     // not nil: busy VMs are waited for
	now       func() time.Time // the clock by which snapshots are taken and pruned
}

// New returns a Service on a home, which is created when first written to.
func New(opt Options) *Service {
	s := &Service{opt: opt, vms: vm.OpenStore(opt.Home), now: wallClock}
	s.jobs.ended = s.remember
	return s
}

// Home is the store's folder.
func (s *Service) Home() ondisk.Home { return s.opt.Home }

// Version is the program's version.
func (s *Service) Version() string { return s.opt.Version }

// entry returns the named VM, or the active one for "".
func (s *Service) entry(name string) (vm.Entry, error) {
	if name == "" {
		return s.vms.Active()
	}
	return s.vms.Get(name)
}

// sockets is the private folder of sockets.
func (s *Service) sockets() (string, error) {
	dir := s.opt.Home.Run()
	return filepath.Clean(dir), ondisk.MakeDir(dir)
}
