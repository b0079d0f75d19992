package doctor

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"vmterminal/vm/debian"
	"vmterminal/vm/qemu"
)

// oldestQEMU is the first major version that can take snapshots of a running VM.
const oldestQEMU = 7

func checkQEMU() Finding {
	f := Finding{Subject: SubjectQEMU, Status: Blocking}
	binary, version, err := qemu.Find()
	f.Args = Args{Path: binary, Version: version, Err: err}
	tools := []Tool{QEMU, QEMUImg}
	switch {
	case errors.Is(err, qemu.ErrNoQEMU):
		f.Code = QEMUMissing
		return f.withFixes(Fix{Action: InstallTools, Tools: tools})
	case err != nil:
		f.Code = QEMUBroken
		return f.withFixes(Fix{Action: ReinstallTools, Tools: tools})
	}
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestQEMU {
		f.Code, f.Args.Minimum = QEMUTooOld, strconv.Itoa(oldestQEMU)+".0"
		return f.withFixes(Fix{Action: UpgradeTools, Tools: tools})
	}
	f.Status, f.Code = OK, QEMUFound
	return f
}

// AccelCodes contains a code for each reason of [qemu.Probe] why the hardware accelerator
// cannot be used.
var AccelCodes = map[qemu.Reason]Code{
	qemu.ReasonNoDevice:      AccelNoDevice,
	qemu.ReasonNoPermission:  AccelNoPermission,
	qemu.ReasonCannotOpen:    AccelCannotOpen,
	qemu.ReasonGuestsFail:    AccelGuestsFail,
	qemu.ReasonNoHypervisor:  AccelNoHypervisor,
	qemu.ReasonUnknownSystem: AccelUnknownSystem,
}

func (c *checker) checkAccelerator(ctx context.Context) Finding {
	f := Finding{Subject: SubjectAccelerator, Status: Note}
	cache := c.Home.Accelerators()
	if c.belongsToOtherUser() {
		cache = "" // a file owned by root would lock the store's owner out
	}
	accel, err := qemu.Probe(ctx, cache, qemu.Auto)
	f.Args.Accelerator = accel.Name
	switch {
	case errors.Is(err, qemu.ErrNoQEMU):
		f.Code = AccelUnknown
	case err != nil:
		f.Status, f.Code, f.Args.Err = Blocking, AccelTestFailed, err
	case accel.Name == qemu.TCG:
		f.Code, f.Fixes = AccelCodes[accel.Reason], accelFixes(accel.Reason)
	default:
		f.Status, f.Code = OK, AccelWorks
	}
	return f
}

func (c *checker) checkGuest() Finding {
	f := Finding{Subject: SubjectGuest, Status: OK, Code: GuestBuiltIn, Args: Args{Version: c.GuestVersion}}
	if c.GuestVersion == "" {
		f.Status, f.Code = Blocking, GuestMissing
		return f.withFixes(Fix{Action: RebuildProgram})
	}
	return f
}

// checkDebian reports whether Debian can be built from packages here. VMs do not need that, so
// the status is never Blocking.
func checkDebian() Finding {
	f := Finding{Subject: SubjectDebian, Status: Note}
	err := debian.CheckTools()
	var missing *debian.Missing
	switch {
	case errors.As(err, &missing):
		f.Code, f.Args.Tools = DebianNoTools, missingDebianTools(missing)
		return f.withFixes(Fix{Action: InstallTools, Tools: f.Args.Tools})
	case err != nil:
		f.Code, f.Args.Err = DebianUnsupported, err
	default:
		f.Status, f.Code = OK, DebianBuildable
	}
	return f
}

func missingDebianTools(missing *debian.Missing) []Tool {
	var tools []Tool
	for _, name := range missing.Tools {
		tools = append(tools, Tool(name))
	}
	return tools
}
