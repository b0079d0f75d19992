package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"vmterminal/app/ondisk"
)

const (
	// patience is how long Connect waits for a host process that has just
	// begun, or is about to leave.
	patience = 2 * time.Second
	// dying is how long a host process that broke off may take to be gone.
	dying = time.Second
	// look is the pause between looks at a lock, of which nobody tells.
	look = 10 * time.Millisecond
	// maxReply bounds what a host process may answer to one request, in bytes.
	maxReply = 1 << 20
)

// Client speaks with the host process of one running VM. It may be used from
// many goroutines. It holds nothing open but a point in time, if one is being
// read; Close gives that up. When the VM is gone, calls return ErrNotRunning.
type Client struct {
	dir    ondisk.VMDir
	socket string
	http   *http.Client

	mu    sync.Mutex
	lease io.Closer // of the point in time; nil if there is none
	id    string
}

// Connect finds the host process of a VM. ErrNotRunning if the VM does not run
// (a job may hold its lock); ErrNotAnswering if it runs and cannot be spoken
// to, as *Orphan if its host process is gone.
func Connect(ctx context.Context, dir ondisk.VMDir, runDir string) (*Client, error) {
	socket := apiSocket(socketsFor(runDir, dir))
	c := &Client{dir: dir, socket: socket}
	c.http = &http.Client{Transport: &http.Transport{
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 16 << 10,
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
	}}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		_, err := c.State(limited)
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, ErrNotRunning) || limited.Err() != nil || isOrphan(err) {
			return nil, err
		}
		select { // it may be starting
		case <-time.After(look):
		case <-limited.Done():
		}
	}
}

func isOrphan(err error) bool {
	var orphan *Orphan
	return errors.As(err, &orphan)
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", c.socket)
}

// State tells how the VM is. It takes less than a second however silent the
// guest is.
func (c *Client) State(ctx context.Context) (State, error) {
	var s State
	err := c.call(ctx, http.MethodGet, "/v1/state", nil, &s)
	return s, err
}

// Pause holds the guest's processors.
func (c *Client) Pause(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/pause", nil, nil)
}

// Resume lets a paused guest go on.
func (c *Client) Resume(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/resume", nil, nil)
}

// Resize tells the guest the console's size in characters; the last caller
// wins. While the guest's agent does not answer the size is kept for it, and
// that is no error.
func (c *Client) Resize(ctx context.Context, cols, rows int) error {
	return c.call(ctx, http.MethodPost, "/v1/resize", resizeRequest{cols, rows}, nil)
}

// Stop ends the VM and returns when QEMU is gone and the VM's lock is free. The
// guest is asked to power off, and forced after the grace. progress (may be
// nil) gets a line at each step, on the calling goroutine. When ctx ends, the
// stop goes on.
func (c *Client) Stop(ctx context.Context, req StopRequest, progress func(string)) error {
	_, owner := ondisk.Held(c.dir.Lock())
	stream, err := c.open(ctx, http.MethodPost, "/v1/stop", req)
	if err != nil {
		return err
	}
	defer stream.Close()
	lines := json.NewDecoder(stream)
	for {
		var line stopLine
		if lines.Decode(&line) != nil || line.Done {
			return c.waitFree(ctx, owner)
		}
		if progress != nil {
			progress(line.Line)
		}
	}
}

// waitFree waits for the lock, which the host process gives up last.
func (c *Client) waitFree(ctx context.Context, owner ondisk.Holder) error {
	for {
		held, now := ondisk.Held(c.dir.Lock())
		if !held || now.PID != owner.PID || !now.Since.Equal(owner.Since) { // another may have it by now
			return nil
		}
		if alive, _ := ondisk.Held(c.dir.HostLock()); !alive {
			if _, err := findOrphan(c.dir); err == nil {
				return c.why(errors.New("the host process ended while the VM was stopping"))
			}
		}
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Events tells of every change until ctx ends or the VM is gone; then the
// channel is closed. The first event tells how things are. A reader that is
// slow misses events, never the newest.
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
		return c.why(err)
	}
	return nil
}

// open makes a request and returns the answer's body.
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
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.why(err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, readError(resp)
	}
	return resp.Body, nil
}

func readError(resp *http.Response) error {
	var e remoteError
	err := json.NewDecoder(io.LimitReader(resp.Body, maxReply)).Decode(&e)
	if err != nil || e.Message == "" {
		return fmt.Errorf("the host process answered %s", resp.Status)
	}
	return &e
}

// why turns a failure to speak with the host process into what it means. A
// refusal in its own words means just that.
func (c *Client) why(err error) error {
	if refused := (*remoteError)(nil); errors.As(err, &refused) {
		return err
	}
	if brokenOff(err) {
		c.waitForHost(dying)
	}
	rec, gone := findOrphan(c.dir)
	switch {
	case gone == nil:
		return &Orphan{QEMUPID: rec.QEMU.PID}
	case errors.Is(gone, ErrNotRunning):
		return ErrNotRunning
	}
	return fmt.Errorf("%w: %w", ErrNotAnswering, err)
}

// brokenOff tells whether the other side ended a conversation that it had begun.
func brokenOff(err error) bool {
	for _, is := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// waitForHost waits that long at most until no host process is there: one that
// is killed closes its sockets before it lets go of its lock.
func (c *Client) waitForHost(limit time.Duration) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(look) {
		if held, _ := ondisk.Held(c.dir.HostLock()); !held {
			return
		}
	}
}
