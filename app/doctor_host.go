package app

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"vmterminal/vm/qemu"
)

// oldestQEMU is the major version that first had what a snapshot of a running VM
// needs.
const oldestQEMU = 7

func (s *Service) checkQEMU() Check {
	c := Check{Name: "QEMU", State: CheckMissing}
	binary, version, err := qemu.Find()
	switch {
	case errors.Is(err, qemu.ErrNoQEMU):
		c.Found, c.Mend = err.Error(), installQEMU()
		return c
	case err != nil:
		c.Found, c.Mend = err.Error(), "install it again: "+installQEMU()
		return c
	}
	c.State, c.Found = CheckOK, version+" ("+binary+")"
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestQEMU {
		c.State, c.Found = CheckMissing, c.Found+" is too old: "+strconv.Itoa(oldestQEMU)+".0 or newer is needed"
		c.Mend = "install a newer one: " + installQEMU()
	}
	return c
}

func (s *Service) checkAccelerator(ctx context.Context) Check {
	c := Check{Name: "accelerator", State: CheckNote}
	got, err := qemu.Probe(ctx, s.opt.Home.Accelerators(), qemu.Auto)
	switch {
	case errors.Is(err, qemu.ErrNoQEMU):
		c.Found = "not known before there is QEMU"
	case err != nil:
		c.State, c.Found = CheckMissing, err.Error()
	case got.Name == qemu.TCG:
		c.Found, c.Mend = got.Name+", several times as slow: "+got.Why, qemu.Mend()
	default:
		c.State, c.Found = CheckOK, got.Name+": "+got.Why
	}
	return c
}

func (s *Service) checkGuest() Check {
	if s.opt.Guest.Version == "" {
		return Check{"guest", CheckMissing, "this program was built without its built-in guest", "make build"}
	}
	return Check{Name: "guest", State: CheckOK, Found: "built in: " + s.opt.Guest.Version}
}

// checkDisplay looks at what the window would be opened on. Whether a VM is
// wanted in a window is not known, so nothing here is missing.
func checkDisplay(env func(string) string) Check {
	c := Check{Name: "display", State: CheckNote}
	where, err := display(env)
	switch {
	case where == "":
		c.Found = "none: the window cannot be opened, commands can"
		c.Mend = "start it on a desktop; over SSH: ssh -X"
	case err != nil:
		c.Found = where + " does not answer: " + err.Error()
	default:
		c.State, c.Found = CheckOK, where+", "+drawing()
	}
	return c
}

// display tells where the window would go, "" for nowhere, and tries that.
func display(env func(string) string) (where string, err error) {
	if name := env("WAYLAND_DISPLAY"); name != "" {
		if !filepath.IsAbs(name) {
			name = filepath.Join(env("XDG_RUNTIME_DIR"), name)
		}
		return "Wayland (" + name + ")", answers(name)
	}
	name := env("DISPLAY")
	if name == "" {
		return "", nil
	}
	local, ok := strings.CutPrefix(name, ":")
	if !ok {
		return "X11 (" + name + ")", nil // another computer's, or through SSH
	}
	number, _, _ := strings.Cut(local, ".")
	return "X11 (" + name + ")", answers("/tmp/.X11-unix/X" + number)
}

func answers(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err == nil {
		err = conn.Close()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// drawing tells what OpenGL has to draw with, without asking OpenGL.
func drawing() string {
	devices, _ := filepath.Glob("/dev/dri/renderD*") // the pattern is right
	for _, path := range devices {
		if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
			f.Close()
			return "OpenGL can use " + path
		}
	}
	if len(devices) > 0 {
		return "OpenGL draws by software: this user may not open " + devices[0] + " (" + asRoot("usermod -aG render \"$USER\"") + ")"
	}
	return "OpenGL draws by software: there is no graphics device"
}
