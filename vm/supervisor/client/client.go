// Package client controls running VMs. [Connect] connects to the supervisor of a VM, and
// [Client] has one method for each request of its API. The package also reads the records
// that a supervisor leaves in the VM's folder, and finds out whether a VM is running.
//
// It defines the API for both sides: package supervisor, which owns the VM, imports it for
// the types of requests, answers, errors and records. It must not import that package or
// QEMU's control protocol.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

const (
	// connectTimeout is how long Connect waits for a supervisor that is starting or
	// exiting.
	connectTimeout = 2 * time.Second
	// supervisorExitTimeout is how long a supervisor may take to exit after its
	// connection was closed.
	supervisorExitTimeout = 3 * time.Second
	// closeTimeout is how long Close waits for the supervisor to remove a point in time.
	closeTimeout = time.Minute
	// lockPollInterval is the interval for polling locks.
	lockPollInterval = 10 * time.Millisecond
	// maxReply is the maximum size of a supervisor's reply in bytes.
	maxReply = 1 << 20
)

// Client controls a running VM through its supervisor. It is safe for concurrent use.
// The only resource it holds is a point in time, which Close ends. Calls return
// ErrNotRunning after the VM has exited.
type Client struct {
	dir    home.VMDir
	runDir string
	http   *http.Client
	log    *slog.Logger

	mu    sync.Mutex
	lease io.Closer // request that holds the point in time; nil without one
	id    string
}

// Connect connects to the supervisor of a VM. It returns ErrNotRunning if the VM is not
// running (even if a job holds its lock), *Orphan if it runs without a supervisor, and
// ErrNotAnswering if the supervisor does not answer. Requests are logged to log at
// debug level; log may be nil.
func Connect(ctx context.Context, dir home.VMDir, runDir string, log *slog.Logger) (*Client, error) {
	c := &Client{dir: dir, runDir: runDir, log: cmp.Or(log, slog.New(slog.DiscardHandler))}
	c.http = &http.Client{Transport: &http.Transport{
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 16 << 10,
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
	}}
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		_, err := c.State(limited)
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, ErrNotRunning) || errors.Is(err, ErrOtherUser) || limited.Err() != nil || isOrphan(err) {
			return nil, err
		}
		c.log.LogAttrs(ctx, slog.LevelDebug, "supervisor does not answer yet", slog.Int("attempt", attempt))
		select { // the supervisor may be starting
		case <-time.After(lockPollInterval):
		case <-limited.Done():
		}
	}
}

func isOrphan(err error) bool {
	var orphan *Orphan
	return errors.As(err, &orphan)
}

// dial connects to the first socket that accepts a connection, or returns the error for
// the first socket. A supervisor that was started with another XDG_RUNTIME_DIR is found
// through its record.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := dialFirst(ctx, SocketDirs(c.runDir, c.dir))
	if err == nil {
		return conn, nil
	}
	var rec RunRecord
	if ReadRecord(c.dir.Supervisor(), &rec) == nil && CheckPrivate(filepath.Dir(rec.Sockets)) == nil {
		if conn, err := dialFirst(ctx, []qemu.Sockets{qemu.Sockets(rec.Sockets)}); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func dialFirst(ctx context.Context, dirs []qemu.Sockets) (net.Conn, error) {
	var first error
	for _, s := range dirs {
		err := qemu.CheckSocketPath(APISocket(s))
		if err == nil {
			var d net.Dialer
			var conn net.Conn
			if conn, err = d.DialContext(ctx, "unix", APISocket(s)); err == nil {
				return conn, nil
			}
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// State returns the state of the VM. It takes less than a second even if the guest does
// not respond.
func (c *Client) State(ctx context.Context) (State, error) {
	var s State
	err := c.call(ctx, http.MethodGet, "/v1/state", nil, &s)
	return s, err
}

// Programs returns the names of the programs in the foreground of the guest's
// terminals; see [agent.Client.Programs]. It returns ErrNoAgent if the guest's agent
// does not answer.
func (c *Client) Programs(ctx context.Context) ([]string, error) {
	var answer ProgramsReply
	err := c.call(ctx, http.MethodGet, "/v1/programs", nil, &answer)
	return answer.Programs, err
}

// Pause stops the guest's CPUs.
func (c *Client) Pause(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/pause", nil, nil)
}

// Resume continues a paused guest.
func (c *Client) Resume(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/resume", nil, nil)
}

// CheckQEMU returns ErrNotAnswering if QEMU does not answer within a few seconds. It
// returns nil for supervisors of earlier versions, which cannot check this.
func (c *Client) CheckQEMU(ctx context.Context) error {
	err := c.call(ctx, http.MethodGet, "/v1/qemu", nil, nil)
	if errors.Is(err, ErrNotAnswering) || errors.Is(err, ErrNotRunning) {
		return err
	}
	return nil
}

// Resize sets the size of the guest's console in characters; the last caller wins. If
// the guest's agent does not answer, the size is sent when it does.
func (c *Client) Resize(ctx context.Context, cols, rows int) error {
	return c.call(ctx, http.MethodPost, "/v1/resize", ResizeRequest{cols, rows}, nil)
}

// Stop asks the guest to power off and forces it off after req.Grace. It returns when
// QEMU has exited and the VM's lock is free. If progress is not nil, it is called for
// each step on the calling goroutine. If ctx is canceled, Stop returns but the
// supervisor continues stopping the VM.
func (c *Client) Stop(ctx context.Context, req StopRequest, progress func(StopStep)) error {
	_, owner := durable.IsLocked(c.dir.Lock())
	stream, err := c.open(ctx, http.MethodPost, "/v1/stop", req)
	if err != nil {
		return err
	}
	defer stream.Close()
	lines := json.NewDecoder(stream)
	for {
		var line StopLine
		if lines.Decode(&line) != nil || line.Done {
			return c.waitForUnlock(ctx, owner)
		}
		if line.Line != "" {
			line.Step.Text = line.Line
		}
		if progress != nil {
			progress(line.Step)
		}
	}
}

// waitForUnlock waits until the supervisor has released the VM's lock, which it does
// last.
func (c *Client) waitForUnlock(ctx context.Context, owner durable.Holder) error {
	for {
		held, now := durable.IsLocked(c.dir.Lock())
		if !held || now.PID != owner.PID || !now.Since.Equal(owner.Since) { // another process may hold it by now
			return nil
		}
		if alive, _ := durable.IsLocked(c.dir.SupervisorLock()); !alive {
			if _, err := FindOrphan(c.dir); err == nil {
				return c.explainFailure(errors.New("the supervisor exited while the VM was stopping"))
			}
		}
		select {
		case <-time.After(lockPollInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Events returns a channel of state changes, starting with the current state. It is
// closed when ctx is canceled or the VM exits. A slow reader misses events, but never
// the latest one.
func (c *Client) Events(ctx context.Context) (<-chan Event, error) {
	stream, err := c.open(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return nil, err
	}
	events := make(chan Event)
	go func() {
		defer close(events)
		defer stream.Close()
		for lines := json.NewDecoder(stream); ; {
			var e Event
			if lines.Decode(&e) != nil {
				return
			}
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}

// call makes one request; body and result may be nil.
func (c *Client) call(ctx context.Context, method, path string, body, result any) error {
	reply, err := c.open(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer reply.Close()
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(reply, maxReply)).Decode(result); err != nil {
		return c.explainFailure(err)
	}
	return nil
}

// open makes a request and returns the body of the response.
func (c *Client) open(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://vm"+path, &text)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	resp, err := c.http.Do(req)
	if c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.LogAttrs(ctx, slog.LevelDebug, "supervisor request", slog.String("method", method), slog.String("path", req.URL.Path),
			slog.Duration("duration", time.Since(start)), slog.Bool("answered", err == nil))
	}
	if err != nil {
		return nil, c.explainFailure(err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, readError(resp)
	}
	return resp.Body, nil
}

func readError(resp *http.Response) error {
	var e RemoteError
	err := json.NewDecoder(io.LimitReader(resp.Body, maxReply)).Decode(&e)
	if err != nil || e.Message == "" {
		return fmt.Errorf("the supervisor answered %s", resp.Status)
	}
	return &e
}

// explainFailure turns a failed request into an error of this package that says why
// the supervisor did not answer. It returns the supervisor's own errors unchanged.
func (c *Client) explainFailure(err error) error {
	if refused := (*RemoteError)(nil); errors.As(err, &refused) {
		return err
	}
	if isDisconnect(err) {
		// A killed supervisor closes its sockets before it releases its lock.
		limited, cancel := context.WithTimeout(context.Background(), supervisorExitTimeout)
		_ = WaitForExit(limited, c.dir)
		cancel()
	}
	rec, findErr := FindOrphan(c.dir)
	switch {
	case findErr == nil:
		return &Orphan{QEMUPID: rec.QEMU.PID}
	case errors.Is(findErr, ErrNotRunning):
		return ErrNotRunning
	case errors.Is(findErr, ErrOtherUser):
		return findErr
	case errors.Is(err, fs.ErrPermission): // for the socket
		return fmt.Errorf("%w: %w", ErrOtherUser, err)
	}
	return fmt.Errorf("%w: %w", ErrNotAnswering, err)
}

// isDisconnect reports whether err means that the peer closed the connection.
func isDisconnect(err error) bool {
	for _, is := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// WaitForExit waits until the supervisor of a VM has exited, which does not mean that its
// QEMU has. It returns the error of ctx if that is canceled first.
func WaitForExit(ctx context.Context, dir home.VMDir) error {
	for {
		if held, _ := durable.IsLocked(dir.SupervisorLock()); !held {
			return nil
		}
		select {
		case <-time.After(lockPollInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// SetForwards replaces the port forwards of the VM; open connections stay open. It
// returns ErrPort if a port is not available. After an error the forwards are
// unchanged, unless the error is ErrForwards. It is supported if State.Forwards is not
// nil.
func (c *Client) SetForwards(ctx context.Context, want []qemu.Forward) error {
	return c.call(ctx, http.MethodPut, "/v1/forwards", ForwardsRequest{want}, nil)
}
