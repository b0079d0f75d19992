package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"vmterminal/app/ondisk"
)

// The API. Errors are a remoteError with status 409 or 400.
//
//	GET    /v1/state          State
//	GET    /v1/events         stream of Event
//	POST   /v1/stop           StopRequest; stream of stopLine, the last has Done
//	POST   /v1/pause, /resume
//	POST   /v1/resize         resizeRequest
//	PUT    /v1/forwards       forwardsRequest; replaces all of them
//	POST   /v1/console        ?replay=N; upgrade to the console's bytes
//	POST   /v1/exec           upgrade to the streams of a guest command; see execframe.go
//	POST   /v1/point-in-time  stream of one PointInTime, which lasts until its client leaves
//	POST   /v1/point-in-time/kept  ?id=ID, SnapshotRef: what it became
//	DELETE /v1/point-in-time  ?id=ID; ends it, and answers when it is taken down
//
// Streams are JSON lines.

const (
	maxBody    = 64 << 10         // bytes of a request
	writeLimit = 10 * time.Second // for a client to take a line of a stream
	lastWait   = 2 * time.Second  // for clients to read the end, when the VM is gone
)

type stopLine struct {
	Line string `json:"line,omitempty"`
	Done bool   `json:"done,omitempty"`
	Last *Last  `json:"last,omitempty"`
}

type resizeRequest struct {
	Cols int `json:"cols"`
	Rows int `json:"rows"`
}

// api answers for the machine.
type api struct {
	m        *machine
	server   *http.Server
	upgraded sync.WaitGroup
	over     context.Context // ended when upgraded connections must go
	cutOff   context.CancelFunc
	leases   sync.Map // PointInTime.ID → *lease
}

// serveAPI answers from now on until end is called.
func (m *machine) serveAPI() (*api, error) {
	if err := ondisk.MakeDir(string(m.paths)); err != nil {
		return nil, err
	}
	listener, err := listenAPI(apiSocket(m.paths))
	if err != nil {
		return nil, err
	}
	a := &api{m: m}
	a.over, a.cutOff = context.WithCancel(context.Background())
	a.server = &http.Server{
		Handler:           a.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	go func() { _ = a.server.Serve(listener) }()
	return a, nil
}

// end gives clients a moment to read the end of their streams, then closes.
func (a *api) end() {
	ctx, cancel := context.WithTimeout(context.Background(), lastWait)
	defer cancel()
	context.AfterFunc(ctx, a.cutOff)
	_ = a.server.Shutdown(ctx)
	a.upgraded.Wait()
	a.server.Close() //nolint:errcheck // its connections are of no use now
	a.cutOff()
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/state", a.state)
	mux.HandleFunc("GET /v1/events", a.events)
	mux.HandleFunc("POST /v1/stop", a.stop)
	mux.HandleFunc("POST /v1/pause", a.qmp("stop"))
	mux.HandleFunc("POST /v1/resume", a.qmp("cont"))
	mux.HandleFunc("POST /v1/resize", a.resize)
	mux.HandleFunc("PUT /v1/forwards", a.setForwards)
	mux.HandleFunc("POST /v1/console", a.console)
	mux.HandleFunc("POST /v1/exec", a.exec)
	mux.HandleFunc("POST /v1/point-in-time", a.beginPointInTime)
	mux.HandleFunc("POST /v1/point-in-time/kept", a.keepPointInTime)
	mux.HandleFunc("DELETE /v1/point-in-time", a.endPointInTime)
	return mux
}

func (a *api) state(w http.ResponseWriter, r *http.Request) {
	s := a.m.board.get()
	s.Usage = usage(s.QEMUPID)
	if s.State == Running {
		s.Addresses = a.m.agent.recentAddresses(r.Context())
		s.UnchangedSince = a.m.unchangedSince(r.Context())
	}
	reply(w, s)
}

func (a *api) events(w http.ResponseWriter, r *http.Request) {
	events, end := a.m.board.listen()
	defer end()
	out := newLines(w)
	for {
		select {
		case e := <-events:
			if out.send(e) != nil || e.State.State == Gone {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (a *api) stop(w http.ResponseWriter, r *http.Request) {
	var req StopRequest
	if !readBody(w, r, &req) {
		return
	}
	// The stop goes on when who asked for it has left.
	go a.m.requestStop(req, "stopped on request")
	out := newLines(w)
	for n := 0; ; {
		lines, more := a.m.stopping.since(n)
		for _, line := range lines {
			if out.send(stopLine{Line: line}) != nil {
				return
			}
		}
		n += len(lines)
		select {
		case <-more:
		case <-a.m.left:
			_ = out.send(stopLine{Done: true, Last: &a.m.last})
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (a *api) qmp(command string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if a.m.stopping.isBegun() {
			refuse(w, fmt.Errorf("%w: the VM is stopping", ErrBusy))
			return
		}
		answer(w, a.m.command(r.Context(), askLimit, command))
	}
}

func (a *api) resize(w http.ResponseWriter, r *http.Request) {
	var req resizeRequest
	if readBody(w, r, &req) {
		answer(w, a.m.agent.resize(r.Context(), req.Cols, req.Rows))
	}
}

func readBody(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into)
	if err != nil && !errors.Is(err, io.EOF) { // no body means no wishes
		sendError(w, http.StatusBadRequest, fmt.Errorf("cannot read the request: %w", err))
		return false
	}
	return true
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func refuse(w http.ResponseWriter, err error) { sendError(w, http.StatusConflict, err) }

func sendError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(toRemote(err))
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// lines sends JSON lines at once, to a client that takes them.
type lines struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func newLines(w http.ResponseWriter) lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	return lines{w, http.NewResponseController(w)}
}

func (l lines) send(v any) error {
	if err := l.control.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if err := json.NewEncoder(l.w).Encode(v); err != nil {
		return err
	}
	return l.control.Flush()
}
