package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Console attaches to the guest's console, which sends recent output first. Read
// returns io.EOF after the VM has exited. Close may be called from any goroutine; it
// unblocks Read and does not lose written data. ctx applies only to attaching.
func (c *Client) Console(ctx context.Context, req ConsoleRequest) (io.ReadWriteCloser, error) {
	return c.upgraded(ctx, fmt.Sprintf("/v1/console?replay=%d", req.Replay), ConsoleProtocol)
}

// upgraded opens a connection that is upgraded from HTTP to another protocol. ctx
// applies only to opening it.
func (c *Client) upgraded(ctx context.Context, path, protocol string) (*stream, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, c.explainFailure(err)
	}
	start := time.Now()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	s, err := upgrade(conn, path, protocol)
	c.log.LogAttrs(ctx, slog.LevelDebug, "supervisor stream", slog.String("protocol", protocol),
		slog.Duration("duration", time.Since(start)), slog.Bool("opened", err == nil))
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, c.explainFailure(err)
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

// stream is a connection with a read buffer.
type stream struct {
	net.Conn
	r *bufio.Reader
}

// Read returns io.EOF for any error: the VM has exited, or Close was called.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// BeginPointInTime creates a point in time of the VM's disk. It lasts until
// EndPointInTime or Close is called or this process exits. It returns ErrBusy if
// another point in time is being read, or if the VM is starting or stopping. A Client
// can hold only one point in time.
func (c *Client) BeginPointInTime(ctx context.Context) (PointInTime, error) {
	return c.openPointInTime(ctx, "/v1/point-in-time")
}

// InitialPointInTime is like BeginPointInTime, but returns the disk as it was before the
// guest ran, which a supervisor preserves for the job that has let the VM start (see
// home.VMDir.JobHandOver). It waits until the VM has started. It returns ErrNotPreserved if
// the disk is not preserved, and ErrNotRunning if the VM did not start.
func (c *Client) InitialPointInTime(ctx context.Context) (PointInTime, error) {
	return c.openPointInTime(ctx, "/v1/point-in-time/initial")
}

func (c *Client) openPointInTime(ctx context.Context, path string) (PointInTime, error) {
	// The request outlives ctx, as the point in time lasts as long as the request.
	leaseCtx, release := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, release)
	body, err := c.open(leaseCtx, http.MethodPost, path, nil)
	if err != nil {
		release()
		if ctx.Err() != nil {
			return PointInTime{}, ctx.Err()
		}
		return PointInTime{}, err
	}
	l := clientLease{body, release}
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

type clientLease struct {
	io.Closer
	release func()
}

func (l clientLease) Close() error {
	l.release()
	return l.Closer.Close()
}

// EndPointInTime ends the point in time and returns when the supervisor has removed it.
// Without a point in time it does nothing.
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

// Close ends the point in time, if there is one.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return c.EndPointInTime(ctx)
}
