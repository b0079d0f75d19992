package doctor

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// checkDisplay looks for the display that the window would open on. VMs work without a display,
// so the status is never Blocking.
func checkDisplay() Finding {
	f := Finding{Subject: SubjectDisplay, Status: Note}
	display, err := findDisplay()
	f.Args.Display = display
	switch {
	case display == "":
		f.Code = DisplayNone
		return f.withFixes(Fix{Action: OpenOnDesktop})
	case err != nil:
		f.Code, f.Args.Err = DisplayFails, err
		return f
	}
	f.Status = OK
	device, err := findGraphics()
	f.Args.Path = device
	switch {
	case device == "":
		f.Code = DisplayNoGraphics
	case err != nil:
		f.Code = DisplayNoAccess
		return f.withFixes(Fix{Action: JoinGroup, Name: groupOf(device, "render"), User: currentUser()})
	default:
		f.Code = DisplayWorks
	}
	return f
}

// findDisplay returns the name of the display, or "" if no display is set, and an error if the
// display cannot be reached.
func findDisplay() (display string, err error) {
	if name := os.Getenv("WAYLAND_DISPLAY"); name != "" {
		if !filepath.IsAbs(name) {
			name = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), name)
		}
		return "Wayland (" + name + ")", tryConnect(name)
	}
	name := os.Getenv("DISPLAY")
	if name == "" {
		return "", nil
	}
	local, ok := strings.CutPrefix(name, ":")
	if !ok {
		return "X11 (" + name + ")", nil // on another computer, or through SSH
	}
	number, _, _ := strings.Cut(local, ".")
	return "X11 (" + name + ")", tryConnect("/tmp/.X11-unix/X" + number)
}

func tryConnect(socket string) error {
	conn, err := net.Dial("unix", socket) //nolint:gosec // the display is what the environment names
	if err == nil {
		err = conn.Close()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// findGraphics returns a device that OpenGL can render with, or "" if no such device exists,
// and an error if this user cannot open any of them.
func findGraphics() (device string, err error) {
	devices, _ := filepath.Glob("/dev/dri/renderD*") // the pattern is valid
	for _, path := range devices {
		f, openErr := os.OpenFile(path, os.O_RDWR, 0)
		if openErr == nil {
			f.Close()
			return path, nil
		}
		if device == "" {
			device, err = path, openErr
		}
	}
	return device, err
}
