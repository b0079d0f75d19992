package host

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
)

// envReport tells the host process which descriptor its report goes to.
const envReport = "VMTERMINAL_REPORT_FD"

// maxReport bounds what a host process may report, in bytes.
const maxReport = 64 << 10

// Launch starts exe with args as a detached host process and waits for its
// report: nil means that the VM runs and answers. env is added to this
// process's own. The error is what Run reported, and still matches the errors
// of this package, of ondisk, qemu and vm. When ctx ends first, the host
// process is told to stop the VM in order, and Launch returns when both are
// gone.
func Launch(ctx context.Context, exe string, args, env []string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command(exe, args...)
	cmd.Dir = "/"
	cmd.Env = append(append(os.Environ(), env...), envReport+"="+strconv.Itoa(3))
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("start the host process: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // no zombie, however long we stay

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
		<-ended //nolint:errcheck // how it ended is in its record
		return ctx.Err()
	}
}

// report is the one message of a host process to who launched it.
type report struct {
	OK    bool         `json:"ok"`
	Error *remoteError `json:"error,omitempty"`
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
		return errors.New("the host process reported what cannot be read")
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("the host process ended before the VM ran: %w", err)
	}
	return errors.New("the host process ended before the VM ran")
}

// ReportPipe returns where a host process that Launch started reports to; call
// it once, first thing. In a process that Launch did not start the report goes
// nowhere.
func ReportPipe() func(error) {
	fd, err := strconv.Atoi(os.Getenv(envReport))
	_ = os.Unsetenv(envReport)
	if err != nil || fd < 3 {
		return func(error) {}
	}
	syscall.CloseOnExec(fd) // or QEMU would keep it open
	pipe := os.NewFile(uintptr(fd), "report")
	return func(err error) {
		rep := report{OK: err == nil}
		if err != nil {
			rep.Error = toRemote(err)
		}
		// Whoever asked may be gone; the VM runs on.
		_ = json.NewEncoder(pipe).Encode(rep)
		pipe.Close()
	}
}
