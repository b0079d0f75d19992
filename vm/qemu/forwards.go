package qemu

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"vmterminal/vm/qmp"
)

// ErrRefused means that QEMU rejected a command and has not changed anything.
var ErrRefused = errors.New("QEMU reported")

// netdevID is the name of the guest's network in QEMU.
const netdevID = "net0"

// Forwards returns the forwards of a running QEMU, in QEMU's order.
func Forwards(ctx context.Context, c *qmp.Client) ([]Forward, error) {
	text, err := runMonitorCommand(ctx, c, "info usernet")
	if err != nil {
		return nil, err
	}
	return parseForwards(text)
}

// AddForward adds a forward to a running QEMU. It takes effect at once. If QEMU rejects it,
// the error is ErrRefused; after any other error the result is unknown.
func AddForward(ctx context.Context, c *qmp.Client, f Forward) error {
	return textAsError(runMonitorCommand(ctx, c, "hostfwd_add "+netdevID+" "+f.hostPort()))
}

// RemoveForward removes a forward. Connections through it stay open. It returns the same
// errors as AddForward.
func RemoveForward(ctx context.Context, c *qmp.Client, f Forward) error {
	text, err := runMonitorCommand(ctx, c, "hostfwd_remove "+netdevID+" tcp:127.0.0.1:"+strconv.Itoa(f.HostPort))
	if strings.HasSuffix(text, " removed") {
		text = ""
	}
	return textAsError(text, err)
}

// runMonitorCommand runs a command of QEMU's human monitor, which reports failures as text.
func runMonitorCommand(ctx context.Context, c *qmp.Client, line string) (text string, err error) {
	err = c.Do(ctx, "human-monitor-command", props{"command-line": line}, &text)
	return strings.TrimSpace(text), err
}

// textAsError returns an error if a command printed text, for commands that print nothing
// on success.
func textAsError(text string, err error) error {
	if err != nil || text == "" {
		return err
	}
	return fmt.Errorf("%w: %.200s", ErrRefused, text)
}

// parseForwards extracts the forwards from QEMU's table of user network connections. The
// row of a forward has the fields
//
//	TCP[HOST_FORWARD] <descriptor> 127.0.0.1 <port> <guest's address> <port> …
//
// below a line that starts with "Protocol[State]". A table without that line is an error.
func parseForwards(table string) ([]Forward, error) {
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
			return nil, fmt.Errorf("parse QEMU's list of forwarded ports: %.200q", row)
		}
		f, err := parseForward(fields[3], fields[5])
		if err != nil {
			return nil, fmt.Errorf("parse QEMU's list of forwarded ports: %w", err)
		}
		list = append(list, f)
	}
	if !known {
		return nil, fmt.Errorf("parse QEMU's list of forwarded ports: %.200q", table)
	}
	return list, nil
}

func parseForward(host, guest string) (f Forward, err error) {
	if f.HostPort, err = strconv.Atoi(host); err == nil {
		f.GuestPort, err = strconv.Atoi(guest)
	}
	if err == nil {
		err = f.Check()
	}
	return f, err
}
