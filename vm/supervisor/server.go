package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// The API. The body of an error, with status 409 or 400, is a RemoteError. The types of the
// requests and answers are in package client.
//
//	GET    /v1/state          State
//	GET    /v1/programs       ProgramsReply
//	GET    /v1/events         stream of Event
//	POST   /v1/stop           StopRequest; stream of StopLine, the last has Done
//	POST   /v1/pause, /resume
//	GET    /v1/qemu           no content if QEMU answers
//	POST   /v1/resize         ResizeRequest
//	PUT    /v1/forwards       ForwardsRequest; replaces all forwards
//	POST   /v1/console        ?replay=N; upgrade to the console's bytes
//	POST   /v1/exec           upgrade to the streams of a guest command; see execframe.go
//	POST   /v1/point-in-time  stream of one PointInTime, which lasts until its client disconnects
//	POST   /v1/point-in-time/initial  like it, for the disk as it was before the guest ran
//	POST   /v1/point-in-time/kept  ?id=ID, SnapshotRef; records the snapshot created from it
//	DELETE /v1/point-in-time  ?id=ID; answers when the point in time has been removed
//	GET    /debug/pprof/...   profiles of this process; see net/http/pprof
//
// Streams are JSON lines.

const (
	maxBody            = 64 << 10         // maximum size of a request in bytes
	defaultBodyTimeout = 10 * time.Second // for a client to send the body
	writeTimeout       = 10 * time.Second // for a client to receive a line of a stream
	shutdownTimeout    = 2 * time.Second  // for clients to read the rest of their streams after the VM has exited
)

// api serves the API of a machine.
type api struct {
	m              *machine
	server         *http.Server
	upgraded       sync.WaitGroup
	bodyTimeout    time.Duration   // normally defaultBodyTimeout
	upgradeContext context.Context // canceled to close upgraded connections
	cancelUpgraded context.CancelFunc
	leases         sync.Map // PointInTime.ID → *lease
}

// serveAPI serves the API of m until shutDown is called.
func serveAPI(m *machine) (*api, error) {
	if err := durable.MakeDir(string(m.sockets)); err != nil {
		return nil, err
	}
	listener, err := listenAPI(client.APISocket(m.sockets))
	if err != nil {
		return nil, err
	}
	a := &api{m: m, bodyTimeout: defaultBodyTimeout}
	a.upgradeContext, a.cancelUpgraded = context.WithCancel(context.Background())
	a.server = &http.Server{
		Handler:           a.withLog(a.withWholeBody(a.routes())),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	go func() { _ = a.server.Serve(listener) }()
	return a, nil
}

// shutDown lets clients read the rest of their streams for a moment, then closes all
// connections.
func (a *api) shutDown() {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	context.AfterFunc(ctx, a.cancelUpgraded)
	_ = a.server.Shutdown(ctx)
	a.upgraded.Wait()
	a.server.Close() //nolint:errcheck // its connections are no longer needed
	a.cancelUpgraded()
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/state", a.state)
	mux.HandleFunc("GET /v1/programs", a.programs)
	mux.HandleFunc("GET /v1/events", a.events)
	mux.HandleFunc("POST /v1/stop", a.stop)
	mux.HandleFunc("POST /v1/pause", a.qmp("stop"))
	mux.HandleFunc("POST /v1/resume", a.resume)
	mux.HandleFunc("GET /v1/qemu", a.qmp("query-status"))
	mux.HandleFunc("POST /v1/resize", a.resize)
	mux.HandleFunc("PUT /v1/forwards", a.setForwards)
	mux.HandleFunc("POST /v1/console", a.console)
	mux.HandleFunc("POST /v1/exec", a.exec)
	mux.HandleFunc("POST /v1/point-in-time", a.beginPointInTime)
	mux.HandleFunc("POST /v1/point-in-time/initial", a.initialPointInTime)
	mux.HandleFunc("POST /v1/point-in-time/kept", a.recordSnapshot)
	mux.HandleFunc("DELETE /v1/point-in-time", a.endPointInTime)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// withLog logs each answered request with the pattern of its route, not its URL, which
// may contain arguments.
func (a *api) withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		next.ServeHTTP(w, r)
		a.m.log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("route", r.Pattern), slog.Duration("duration", time.Since(start)))
	})
}

func (a *api) state(w http.ResponseWriter, r *http.Request) {
	s := a.m.state.get()
	s.Usage = processUsage(s.QEMUPID)
	disk := a.m.openDisk()
	s.DiskReplaced = disk != nil && !hasName(disk, a.m.spec.Dir.Disk())
	if s.State == client.Running {
		s.Addresses = a.m.agent.recentAddresses(r.Context())
		s.UnchangedSince = a.m.unchangedSince(r.Context())
	}
	sendReply(w, s)
}

func (a *api) programs(w http.ResponseWriter, r *http.Request) {
	var answer client.ProgramsReply
	err := a.m.agent.callAgent(r.Context(), func(ctx context.Context, guest guestAgent) (err error) {
		answer.Programs, err = guest.Programs(ctx)
		return err
	})
	if err != nil {
		sendConflict(w, err)
		return
	}
	sendReply(w, answer)
}

func (a *api) events(w http.ResponseWriter, r *http.Request) {
	events, unsubscribe := a.m.state.subscribe()
	defer unsubscribe()
	out := newJSONLines(w)
	for {
		select {
		case e := <-events:
			if out.send(e) != nil || e.State.State == client.Gone {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (a *api) stop(w http.ResponseWriter, r *http.Request) {
	var req client.StopRequest
	if !readBody(w, r, &req) {
		return
	}
	// The stop continues after the client has disconnected.
	go a.m.requestStop(req)
	out := newJSONLines(w)
	for n := 0; ; {
		steps, more := a.m.shutdown.stepsAfter(n)
		if out.sendSteps(steps) != nil {
			return
		}
		n += len(steps)
		select {
		case <-more:
		case <-a.m.exited:
			steps, _ := a.m.shutdown.stepsAfter(n)
			if out.sendSteps(steps) != nil {
				return
			}
			_ = out.send(client.StopLine{Done: true, Last: &a.m.last})
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (a *api) qmp(command string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if a.m.shutdown.isStarted() {
			sendConflict(w, fmt.Errorf("%w: the VM is stopping", client.ErrBusy))
			return
		}
		sendResult(w, a.m.runQMPCommand(r.Context(), requestTimeout, command))
	}
}

// resume resumes the guest and, if its agent answers, sets the guest's clock.
func (a *api) resume(w http.ResponseWriter, r *http.Request) {
	if a.m.shutdown.isStarted() {
		sendConflict(w, fmt.Errorf("%w: the VM is stopping", client.ErrBusy))
		return
	}
	err := a.m.runQMPCommand(r.Context(), requestTimeout, "cont")
	if err == nil {
		a.m.agent.setClock(r.Context())
	}
	sendResult(w, err)
}

func (a *api) resize(w http.ResponseWriter, r *http.Request) {
	var req client.ResizeRequest
	if readBody(w, r, &req) {
		sendResult(w, a.m.agent.resize(r.Context(), req.Cols, req.Rows))
	}
}

// withWholeBody reads the whole body before the request is handled, so that a client
// that sends only a part of it cannot occupy a connection forever.
func (a *api) withWholeBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(a.bodyTimeout))
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			// Keep the deadline: net/http is going to read the rest of the body.
			w.Header().Set("Connection", "close")
			sendError(w, http.StatusBadRequest, fmt.Errorf("cannot read the request: %w", err))
			return
		}
		_ = control.SetReadDeadline(time.Time{})
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func readBody(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(r.Body).Decode(into)
	if err != nil && !errors.Is(err, io.EOF) { // the body is optional
		sendError(w, http.StatusBadRequest, fmt.Errorf("cannot read the request: %w", err))
		return false
	}
	return true
}

func sendResult(w http.ResponseWriter, err error) {
	if err != nil {
		sendConflict(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func sendConflict(w http.ResponseWriter, err error) { sendError(w, http.StatusConflict, err) }

func sendError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(client.NewRemoteError(err))
}

func sendReply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// jsonLines sends JSON lines without buffering.
type jsonLines struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func newJSONLines(w http.ResponseWriter) jsonLines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	return jsonLines{w, http.NewResponseController(w)}
}

func (l jsonLines) sendSteps(steps []client.StopStep) error {
	for _, step := range steps {
		if err := l.send(client.StopLine{Step: step}); err != nil {
			return err
		}
	}
	return nil
}

func (l jsonLines) send(v any) error {
	if err := l.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if err := json.NewEncoder(l.w).Encode(v); err != nil {
		return err
	}
	return l.control.Flush()
}
