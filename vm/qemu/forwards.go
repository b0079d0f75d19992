package qemu

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"vmterminal/vm/qmp"
)

// ErrRefused says that QEMU did not do what it was asked, and is as before.
var ErrRefused = errors.New("QEMU says")

// netdevID is the guest's network inside QEMU.
const netdevID = "net0"

// Forwards asks a running QEMU which ports lead into its guest, in its own order.
func Forwards(ctx context.Context, c *qmp.Client) ([]Forward, error) {
	said, err := monitor(ctx, c, "info usernet")
	if err != nil {
		return nil, err
	}
	return readForwards(said)
}

// AddForward leads one port more into the guest of a running QEMU, at once.
func AddForward(ctx context.Context, c *qmp.Client, f Forward) error {
	return quietly(monitor(ctx, c, "hostfwd_add "+netdevID+" "+f.hostPort()))
}

// RemoveForward ends one; connections that were made through it go on. Both of these
// return ErrRefused when nothing came of it; after another error that is not known.
func RemoveForward(ctx context.Context, c *qmp.Client, f Forward) error {
	said, err := monitor(ctx, c, "hostfwd_remove "+netdevID+" tcp:127.0.0.1:"+strconv.Itoa(f.HostPort))
	if strings.HasSuffix(said, " removed") {
		said = ""
	}
	return quietly(said, err)
}

// monitor runs a command that QEMU has for people only: what goes wrong is not an
// error, but something it says.
func monitor(ctx context.Context, c *qmp.Client, line string) (said string, err error) {
	err = c.Do(ctx, "human-monitor-command", props{"command-line": line}, &said)
	return strings.TrimSpace(said), err
}

// quietly makes an error of what QEMU said, where silence is success.
func quietly(said string, err error) error {
	if err != nil || said == "" {
		return err
	}
	return fmt.Errorf("%w: %.200s", ErrRefused, said)
}

// readForwards reads QEMU's table of the connections of its user network, of which
// forwards are some. A row of one has the fields
//
//	TCP[HOST_FORWARD] <descriptor> 127.0.0.1 <port> <guest's address> <port> …
//
// under a line that begins with "Protocol[State]". A text without that line is an
// error: it is not known then what leads where.
func readForwards(table string) ([]Forward, error) {
	known, list := false, []Forward{}
	for row := range strings.Lines(table) {
		fields := strings.Fields(row)
		if len(fields) > 0 && fields[0] == "Protocol[State]" {
			known = true
		}
		if len(fields) == 0 || fields[0] != "TCP[HOST_FORWARD]" {
			continue
		}
		if len(fields) < 6 {
			return nil, fmt.Errorf("QEMU's list of forwarded ports cannot be read: %.200q", row)
		}
		f, err := forwardOf(fields[3], fields[5])
		if err != nil {
			return nil, fmt.Errorf("QEMU's list of forwarded ports cannot be read: %w", err)
		}
		list = append(list, f)
	}
	if !known {
		return nil, fmt.Errorf("QEMU's list of forwarded ports cannot be read: %.200q", table)
	}
	return list, nil
}

func forwardOf(host, guest string) (f Forward, err error) {
	if f.HostPort, err = strconv.Atoi(host); err == nil {
		f.GuestPort, err = strconv.Atoi(guest)
	}
	if err == nil {
		err = f.Check()
	}
	return f, err
}
