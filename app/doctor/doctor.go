// Package doctor checks whether this machine and the store have what VMs need. [Run] returns
// one [Finding] for each check: a code with its arguments, and the fixes that resolve it. Front
// ends put both into words; package hostcmd turns fixes into command lines.
//
// It must not import app, which passes it the data of the Service, or any front end.
package doctor

import (
	"context"

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// VMState says what is wrong with a VM.
type VMState string

// The states that are reported. The zero value means any other state.
const (
	Broken       VMState = "broken"        // it cannot be used
	NotAnswering VMState = "not_answering" // it runs, but its supervisor does not answer
	DiskReplaced VMState = "disk_replaced" // another file replaced its disk while it runs
)

// VM holds the facts about a VM that the checks use.
type VM struct {
	Name    string
	UEFI    bool
	State   VMState
	Problem problem.Problem // if State is Broken or NotAnswering
}

// Options holds what the Service passes to the checks.
type Options struct {
	Home home.Dir
	// GuestVersion is the version of the built-in guest, or "" if the program contains no
	// guest.
	GuestVersion string
	// Window makes Run check the display.
	Window bool
	// CheckConfig reads the settings for new VMs and returns an error if they cannot be used.
	CheckConfig func() error
	// VMs returns the VMs, and one line for each problem with the list.
	VMs func(context.Context) (list []VM, notes []string, err error)
}

// checker runs the checks. Each check method returns the findings of one check.
type checker struct {
	Options
	features []durable.Feature // features that the store's file system lacks
	vms      []VM
	notes    []string
	vmsErr   error
}

// Run checks this machine and the store. It changes nothing, except that it caches which
// accelerator works and that listing the VMs may repair their list. It may take several
// seconds. If ctx is canceled, Run returns early, with meaningless findings.
func Run(ctx context.Context, opt Options) []Finding {
	c := checker{Options: opt, features: MissingFeatures(opt.Home)}
	all := []Finding{checkQEMU(), c.checkAccelerator(ctx), c.checkGuest(), checkDebian()}
	c.vms, c.notes, c.vmsErr = opt.VMs(ctx)
	all = append(all, c.checkFirmware(), c.checkStore(), c.checkFeatures(), c.checkSockets())
	all = append(all, c.checkOwners()...)
	all = append(all, c.checkSpace(), c.checkSharedBlocks(), c.checkConfig())
	all = append(all, c.checkVMs()...)
	all = append(all, c.checkLeftovers()...)
	if opt.Window {
		all = append(all, checkDisplay())
	}
	return all
}
