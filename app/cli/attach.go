package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vmterminal/app"
)

// detachKey is Ctrl+].
const detachKey = 0x1d

// attachConsole connects this terminal to a VM's console until Ctrl+] is typed or the VM exits.
// attached is the VM's current state.
func attachConsole(ctx context.Context, r *runner, attached app.VM) error {
	in, _ := asTerminal(r.io.In)
	con, err := r.svc.Console(ctx, attached.Name)
	if err != nil {
		return err
	}
	defer con.Close()
	r.infof("Attached to '%s'. Ctrl+] detaches; the VM keeps running.", attached.Name)
	tty, err := openTerminal(r, in)
	if err != nil {
		return err
	}
	sizing, stop := context.WithCancel(ctx)
	go tty.followSize(sizing, con)
	ended, err := connectConsole(ctx, tty.keys, tty.out, con)
	stop()
	v := attached
	if ended { // before the terminal is reset, which can take as long as a restart
		v = waitStopped(ctx, r, attached)
	} else if now, err := r.svc.VM(ctx, attached.Name); err == nil {
		v = now
	}
	tty.close()
	_, _ = io.WriteString(r.io.Out, "\n") // after the guest's prompt
	r.infof("%s", withProgramName(detachMessage(v, v.Since.After(attached.Since))))
	return err
}

// exitTimeout bounds the wait for a VM to stop after its console closed. QEMU and the supervisor
// of a busy machine need seconds to exit.
const exitTimeout = 15 * time.Second

// waitStopped waits until the VM is stopped or has been started again, for at most
// exitTimeout, and returns its state then. The VM had the given state when it was attached.
func waitStopped(ctx context.Context, r *runner, attached app.VM) app.VM {
	ctx, cancel := context.WithTimeout(ctx, exitTimeout)
	defer cancel()
	for range r.svc.Changes(ctx) {
		v, err := r.svc.VM(ctx, attached.Name)
		if err != nil {
			break
		}
		if !v.State.Alive() || v.Since.After(attached.Since) {
			return v
		}
	}
	return attached
}

// connectConsole copies between this terminal and con until either ends, ctx is done or the
// detach key is typed. ended reports whether con ended; otherwise con is closed. After
// connectConsole returns, nothing more is written to out.
func connectConsole(ctx context.Context, in io.Reader, out io.Writer, con app.Console) (ended bool, err error) {
	outputDone, inputDone := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := io.Copy(out, con)
		outputDone <- err
	}()
	go func() { inputDone <- forwardKeys(con, in) }()
	select {
	case err = <-outputDone:
		return err == nil, err
	case err = <-inputDone:
	case <-ctx.Done():
		err = ctx.Err()
	}
	con.Close()
	return false, errors.Join(err, <-outputDone)
}

// forwardKeys copies keys to the console until the detach key is typed or the input ends.
func forwardKeys(con io.Writer, in io.Reader) error {
	buf := make([]byte, 1024)
	for {
		n, err := in.Read(buf)
		keys, _, detach := bytes.Cut(buf[:n], []byte{detachKey})
		if len(keys) > 0 {
			if _, err := con.Write(keys); err != nil {
				return err
			}
		}
		if detach || err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// detachMessage returns the message to print after detaching from a VM.
func detachMessage(v app.VM, restarted bool) string {
	exit := exitText(v)
	switch {
	case restarted && v.State.Alive():
		return fmt.Sprintf("VM '%s' was restarted. To attach again: vmterminal run --vm %s", v.Name, v.Name)
	case v.State.Alive():
		return fmt.Sprintf("Detached; '%s' keeps running. To attach again: vmterminal run --vm %s", v.Name, v.Name)
	case exit == "":
		return fmt.Sprintf("VM '%s' is off.", v.Name)
	default:
		return fmt.Sprintf("VM '%s' is off: %s.", v.Name, exit)
	}
}
