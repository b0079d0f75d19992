package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"vmterminal/app"
)

// detachKey is Ctrl+].
const detachKey = 0x1d

// calm leaves what a guest may have switched on: alternate screen, mouse
// reports, bracketed paste, hidden cursor, colours.
const calm = "\x1b[?1049l\x1b[?1000;1002;1003;1006;2004l\x1b[?25h\x1b[0m\r\n"

// attach joins this terminal with a VM's console until Ctrl+], or until the VM
// leaves.
func (f *face) attach(ctx context.Context, name string) error {
	in, _ := terminal(f.io.In)
	con, err := f.svc.Console(ctx, name)
	if err != nil {
		return err
	}
	defer con.Close()
	f.say("Attached to '%s'. Ctrl+] detaches; the VM goes on running.", name)
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("this terminal: %w", err)
	}
	defer func() { f.say("%s", f.parting(ctx, name)) }()
	defer func() {
		_ = term.Restore(int(in.Fd()), before)
		_, _ = io.WriteString(f.io.Out, calm)
	}()
	stopSizing := followSize(ctx, in, con)
	defer stopSizing()
	return join(ctx, in, f.io.Out, con)
}

// join copies both ways until one side ends, or the detach key is typed.
func join(ctx context.Context, in io.Reader, out io.Writer, con app.Console) error {
	ended := make(chan error, 2)
	go func() {
		_, err := io.Copy(out, con)
		ended <- err
	}()
	go func() { ended <- typeInto(con, in) }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-ended:
		return err
	}
}

// typeInto passes keys on until the detach key.
func typeInto(con io.Writer, in io.Reader) error {
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

// followSize tells the guest this terminal's size, now and when it changes.
func followSize(ctx context.Context, tty *os.File, con app.Console) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	changed <- syscall.SIGWINCH
	go func() {
		for range changed {
			if cols, rows, err := term.GetSize(int(tty.Fd())); err == nil {
				_ = con.Resize(ctx, cols, rows) // a guest without agent keeps its size
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(changed)
	}
}

// parting says what became of the VM.
func (f *face) parting(ctx context.Context, name string) string {
	v, err := f.svc.VM(ctx, name)
	switch {
	case err != nil || v.State.Alive():
		return fmt.Sprintf("Detached; '%s' goes on running. Attach again: vmterminal run --vm %s", name, name)
	default:
		return fmt.Sprintf("VM '%s' is off: %s.", name, v.Left)
	}
}
