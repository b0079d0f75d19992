package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"vmterminal/vm/supervisor/client"
)

// console attaches the connection to the guest's console until the client closes it,
// or until the VM has exited and all output has been sent.
func (a *api) console(w http.ResponseWriter, r *http.Request) {
	replay, err := strconv.Atoi(r.URL.Query().Get("replay"))
	if err != nil {
		sendError(w, http.StatusBadRequest, fmt.Errorf("invalid replay length: %w", err))
		return
	}
	a.upgrade(w, r, client.ConsoleProtocol, func(conn net.Conn, input io.Reader) { a.attach(conn, input, replay) })
}

// upgrade switches the connection to another protocol, calls use, and closes the
// connection. input includes data that the client has already sent.
func (a *api) upgrade(w http.ResponseWriter, r *http.Request, protocol string, use func(conn net.Conn, input io.Reader)) {
	if r.Header.Get("Upgrade") != protocol {
		sendError(w, http.StatusBadRequest, fmt.Errorf("upgrade to %s required", protocol))
		return
	}
	a.upgraded.Add(1)
	defer a.upgraded.Done()
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		sendConflict(w, err)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(a.upgradeContext, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Time{})
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
	if err == nil {
		use(conn, buffered)
	}
}

func (a *api) attach(conn net.Conn, input io.Reader, replay int) {
	c := a.m.console
	attachment := c.Attach(replay)
	count := func() { a.m.state.update(client.EventConsole, func(s *client.State) { s.Attached = c.Attached() }) }
	count()
	var output sync.WaitGroup
	output.Go(func() {
		// A client that does not read blocks only this goroutine.
		buf := make([]byte, 32<<10)
		for {
			n, err := attachment.Read(context.Background(), buf)
			if err != nil {
				conn.Close() // the VM has exited, or the attachment was closed
				return
			}
			if _, err := conn.Write(buf[:n]); err != nil {
				return // the client's input is still read below
			}
		}
	})
	buf := make([]byte, 4<<10)
	for {
		n, err := input.Read(buf)
		if n > 0 && c.Input(a.upgradeContext, buf[:n]) != nil {
			break
		}
		if err != nil {
			break
		}
	}
	attachment.Close()
	count()
	conn.Close()
	output.Wait()
}

// lease is a point in time that lasts as long as a client's request.
type lease struct {
	*activePointInTime
	end   func() error // may be called more than once
	ended chan struct{}
}

// beginPointInTime creates a point in time that lasts as long as the request, so that
// it is removed when the client dies.
func (a *api) beginPointInTime(w http.ResponseWriter, r *http.Request) {
	pit, err := a.m.beginPointInTime(r.Context(), false)
	a.lendPointInTime(w, r, pit, err)
}

// initialPointInTime is like beginPointInTime, for the disk as it was before the guest ran.
func (a *api) initialPointInTime(w http.ResponseWriter, r *http.Request) {
	pit, err := a.m.initial.await(r.Context())
	a.lendPointInTime(w, r, pit, err)
}

// lendPointInTime sends a point in time, or else err, and ends it with the request.
func (a *api) lendPointInTime(w http.ResponseWriter, r *http.Request, pit *activePointInTime, err error) {
	if err != nil {
		sendConflict(w, err)
		return
	}
	l := &lease{activePointInTime: pit, ended: make(chan struct{})}
	l.end = sync.OnceValue(func() error {
		defer close(l.ended)
		return pit.end()
	})
	a.leases.Store(pit.ID, l)
	defer func() {
		_ = l.end()
		a.leases.Delete(pit.ID)
	}()
	if newJSONLines(w).send(pit.PointInTime) != nil {
		return
	}
	select {
	case <-r.Context().Done():
	case <-l.ended:
	case <-a.m.exited:
	}
}

// endPointInTime answers when the point in time has been removed. An unknown ID is not
// an error.
func (a *api) endPointInTime(w http.ResponseWriter, r *http.Request) {
	if l, ok := a.leases.Load(r.URL.Query().Get("id")); ok {
		sendResult(w, l.(*lease).end())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// recordSnapshot records the snapshot that was created from a point in time.
func (a *api) recordSnapshot(w http.ResponseWriter, r *http.Request) {
	var s client.SnapshotRef
	if !readBody(w, r, &s) {
		return
	}
	l, ok := a.leases.Load(r.URL.Query().Get("id"))
	if !ok || s.ID == "" {
		sendError(w, http.StatusBadRequest, errors.New("unknown point in time, or no snapshot ID"))
		return
	}
	l.(*lease).recordSnapshot(r.Context(), s)
	w.WriteHeader(http.StatusNoContent)
}
