package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"vmterminal/vm/supervisor/client"
)

// envReport is the environment variable with the file descriptor for a supervisor's
// report.
const envReport = "VMTERMINAL_REPORT_FD"

// maxReport is the maximum size of a supervisor's report in bytes.
const maxReport = 64 << 10

// Launch starts exe with args as a detached supervisor and waits for its report. It
// returns nil when the VM runs and answers, or else the error that Run reported, which
// matches the errors of client, durable, qemu and vm. env is
// added to this process's environment. If ctx is canceled first, Launch makes the
// supervisor stop the VM and returns when both have exited.
func Launch(ctx context.Context, exe string, args, env []string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := detachedCommand(exe, args)
	cmd.Env = append(append(os.Environ(), env...), envReport+"="+strconv.Itoa(3))
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // avoids a zombie

	reports := make(chan []byte, 1)
	go func() {
		text, _ := io.ReadAll(io.LimitReader(r, maxReport))
		reports <- text
	}()
	select {
	case text := <-reports:
		return readReport(text, ended)
	case <-ctx.Done():
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended //nolint:errcheck // last.json has the exit reason
		return ctx.Err()
	}
}

// StartDetached starts exe with args, and does not wait for it. The process survives this one, and
// inherits none of its files.
func StartDetached(exe string, args []string) error {
	cmd := detachedCommand(exe, args)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // avoids a zombie
	return nil
}

// detachedCommand returns a command with a session of its own, which does not inherit files.
func detachedCommand(exe string, args []string) *exec.Cmd {
	closeOnExec()
	cmd := exec.Command(exe, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// closeOnExec keeps child processes from inheriting the descriptors above 2 that this
// process inherited. Otherwise the VM would keep its caller's locks and pipes open as
// long as it runs. Go marks the descriptors that it opens itself.
func closeOnExec() {
	open, _ := os.ReadDir("/dev/fd") // may not exist
	for _, entry := range open {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// report is the message from a supervisor to the process that launched it.
type report struct {
	OK    bool                `json:"ok"`
	Error *client.RemoteError `json:"error,omitempty"`
}

func readReport(text []byte, ended <-chan error) error {
	var rep report
	err := json.Unmarshal(text, &rep)
	switch {
	case err == nil && rep.OK:
		return nil
	case err == nil && rep.Error != nil:
		return rep.Error
	case len(text) > 0:
		return errors.New("the supervisor's report is malformed")
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("the supervisor exited before the VM ran: %w", err)
	}
	return errors.New("the supervisor exited before the VM ran")
}

// ReportPipe returns the function that sends the report of a supervisor to Launch. It
// must be called once, before other files are opened. In a process that was not
// started by Launch the function does nothing.
func ReportPipe() func(error) {
	fd, err := strconv.Atoi(os.Getenv(envReport))
	_ = os.Unsetenv(envReport)
	if err != nil || fd < 3 {
		return func(error) {}
	}
	closeOnExec()
	pipe := os.NewFile(uintptr(fd), "report")
	return func(err error) {
		rep := report{OK: err == nil}
		if err != nil {
			rep.Error = client.NewRemoteError(err)
		}
		// If the caller is gone, the VM keeps running.
		_ = json.NewEncoder(pipe).Encode(rep)
		pipe.Close()
	}
}
