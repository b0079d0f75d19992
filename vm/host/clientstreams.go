package host

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Console attaches to the guest's terminal: recent output first, then live.
// Read returns io.EOF when the VM is gone; Close may come from any goroutine,
// ends a Read that waits, and loses nothing that Write has taken. ctx is for
// attaching only.
func (c *Client) Console(ctx context.Context, req ConsoleRequest) (io.ReadWriteCloser, error) {
	return c.upgraded(ctx, fmt.Sprintf("/v1/console?replay=%d", req.Replay), consoleProtocol)
}

// upgraded opens a connection that speaks another protocol than HTTP. ctx is
// for opening only.
func (c *Client) upgraded(ctx context.Context, path, protocol string) (*stream, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, c.why(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	s, err := upgrade(conn, path, protocol)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, c.why(err)
	}
	return s, nil
}

func upgrade(conn net.Conn, path, protocol string) (*stream, error) {
	_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: vm\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", path, protocol)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil) //nolint:bodyclose // an upgrade has no body
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, readError(resp)
	}
	return &stream{Conn: conn, r: r}, nil
}

// stream is a connection of which a part may have been read ahead.
type stream struct {
	net.Conn
	r *bufio.Reader
}

// Read maps every end to io.EOF: the VM is gone, or Close was called.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// BeginPointInTime takes a point in time of the running VM's disk. It lasts
// until EndPointInTime or Close, or until this process ends. ErrBusy if another
// one is being read, or the VM is stopping. One at a time for each Client.
func (c *Client) BeginPointInTime(ctx context.Context) (PointInTime, error) {
	// The request outlives ctx: it is the lease.
	held, release := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, release)
	body, err := c.open(held, http.MethodPost, "/v1/point-in-time", nil)
	if err != nil {
		release()
		if ctx.Err() != nil {
			return PointInTime{}, ctx.Err()
		}
		return PointInTime{}, err
	}
	l := leaseHeld{body, release}
	var pit PointInTime
	err = json.NewDecoder(io.LimitReader(body, maxReply)).Decode(&pit)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		_ = l.Close()
		return PointInTime{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lease, c.id = l, pit.ID
	pit.client = c
	return pit, nil
}

type leaseHeld struct {
	io.Closer
	release func()
}

func (l leaseHeld) Close() error {
	l.release()
	return l.Closer.Close()
}

// EndPointInTime takes the point in time down and returns when that is done.
// Without one it does nothing.
func (c *Client) EndPointInTime(ctx context.Context) error {
	c.mu.Lock()
	lease, id := c.lease, c.id
	c.lease, c.id = nil, ""
	c.mu.Unlock()
	if lease == nil {
		return nil
	}
	defer lease.Close()
	err := c.call(ctx, http.MethodDelete, "/v1/point-in-time?id="+url.QueryEscape(id), nil, nil)
	if errors.Is(err, ErrNotRunning) {
		return nil
	}
	return err
}

// Close gives up the point in time, if there is one.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), beginLimit)
	defer cancel()
	return c.EndPointInTime(ctx)
}
