package host

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
)

// consoleProtocol is what a console connection is upgraded to.
const consoleProtocol = "vmterminal-console"

// console hands the connection over to the guest's terminal. It lasts until
// the client closes it, or the VM is gone and the rest has been read.
func (a *api) console(w http.ResponseWriter, r *http.Request) {
	replay, err := strconv.Atoi(r.URL.Query().Get("replay"))
	if err != nil {
		sendError(w, http.StatusBadRequest, fmt.Errorf("no length of replay: %w", err))
		return
	}
	a.upgrade(w, r, consoleProtocol, func(conn net.Conn, input io.Reader) { a.attach(conn, input, replay) })
}

// upgrade takes the connection out of HTTP's hands and gives it to use, after
// which it is closed. input has what the client has sent already.
func (a *api) upgrade(w http.ResponseWriter, r *http.Request, protocol string, use func(conn net.Conn, input io.Reader)) {
	if r.Header.Get("Upgrade") != protocol {
		sendError(w, http.StatusBadRequest, fmt.Errorf("no upgrade to %s asked for", protocol))
		return
	}
	a.upgraded.Add(1)
	defer a.upgraded.Done()
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(w, err)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(a.over, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Time{})
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
	if err == nil {
		use(conn, buffered)
	}
}

func (a *api) attach(conn net.Conn, input io.Reader, replay int) {
	c := a.m.console
	attachment := c.Attach(replay)
	count := func() { a.m.board.update(EventConsole, func(s *State) { s.Attached = c.Attached() }) }
	count()
	var output sync.WaitGroup
	output.Go(func() {
		// A client that does not read blocks only this.
		buf := make([]byte, 32<<10)
		for {
			n, err := attachment.Read(context.Background(), buf)
			if err != nil {
				conn.Close() // the VM is gone, or the client
				return
			}
			if _, err := conn.Write(buf[:n]); err != nil {
				return // what it sent before is still read below
			}
		}
	})
	buf := make([]byte, 4<<10)
	for {
		n, err := input.Read(buf)
		if n > 0 && c.Input(a.over, buf[:n]) != nil {
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

// lease is a point in time that is being read.
type lease struct {
	*reading
	end   func() error // safe to call again
	ended chan struct{}
}

// beginPointInTime holds a point in time for as long as the client stays, so
// that none is left behind by a client that dies.
func (a *api) beginPointInTime(w http.ResponseWriter, r *http.Request) {
	pit, err := a.m.beginPointInTime(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	l := &lease{reading: pit, ended: make(chan struct{})}
	l.end = sync.OnceValue(func() error {
		defer close(l.ended)
		return pit.end()
	})
	a.leases.Store(pit.ID, l)
	defer func() {
		_ = l.end()
		a.leases.Delete(pit.ID)
	}()
	if newLines(w).send(pit.PointInTime) != nil {
		return
	}
	select {
	case <-r.Context().Done():
	case <-l.ended:
	case <-a.m.left:
	}
}

// endPointInTime answers when it is taken down. One that is gone already is no
// error.
func (a *api) endPointInTime(w http.ResponseWriter, r *http.Request) {
	if l, ok := a.leases.Load(r.URL.Query().Get("id")); ok {
		answer(w, l.(*lease).end())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// keepPointInTime says what snapshot it became.
func (a *api) keepPointInTime(w http.ResponseWriter, r *http.Request) {
	var s SnapshotRef
	if !readBody(w, r, &s) {
		return
	}
	l, ok := a.leases.Load(r.URL.Query().Get("id"))
	if !ok || s.ID == "" {
		sendError(w, http.StatusBadRequest, errors.New("no such point in time is being read, or no snapshot named"))
		return
	}
	l.(*lease).kept(r.Context(), s)
	w.WriteHeader(http.StatusNoContent)
}
