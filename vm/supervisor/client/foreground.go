package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"vmterminal/vm/agent"
)

// foregroundQueries holds the queries for the foreground program of a command's
// terminal.
type foregroundQueries struct {
	mu        sync.Mutex
	supported bool // the supervisor answers queries
	ended     bool
	pending   []agent.ForegroundQuery // sent but not answered, in order
}

// send sends queries until done is closed.
func (q *foregroundQueries) send(out *FrameWriter, queries <-chan agent.ForegroundQuery, done <-chan struct{}) {
	for {
		select {
		case query, more := <-queries:
			if !more {
				return
			}
			if err := q.sendOne(out, query); err != nil {
				query("", err)
			}
		case <-done:
			return
		}
	}
}

func (q *foregroundQueries) sendOne(out *FrameWriter, query agent.ForegroundQuery) error {
	q.mu.Lock()
	switch {
	case q.ended:
		q.mu.Unlock()
		return errors.New("the command has exited")
	case !q.supported:
		q.mu.Unlock()
		return fmt.Errorf("query the foreground program: %w", agent.ErrUnsupported)
	}
	q.pending = append(q.pending, query)
	q.mu.Unlock()
	_ = out.Send(FrameQuery, nil) // if it fails, end answers the query
	return nil
}

// handleAnswer handles the content of a FrameForeground.
func (q *foregroundQueries) handleAnswer(content []byte) error {
	q.mu.Lock()
	if len(content) == 0 {
		q.supported = true
		q.mu.Unlock()
		return nil
	}
	if len(q.pending) == 0 {
		q.mu.Unlock()
		return errors.New("unexpected answer about the foreground program")
	}
	query := q.pending[0]
	q.pending = q.pending[1:]
	q.mu.Unlock()
	var reply ForegroundReply
	if err := json.Unmarshal(content, &reply); err != nil {
		err = fmt.Errorf("query the foreground program: %w", err)
		query("", err)
		return err
	}
	if reply.Error != nil {
		query("", reply.Error)
		return nil
	}
	query(reply.Program, nil)
	return nil
}

// end answers the pending queries after the command has exited.
func (q *foregroundQueries) end() {
	q.mu.Lock()
	pending := q.pending
	q.pending, q.ended = nil, true
	q.mu.Unlock()
	for _, query := range pending {
		query("", errors.New("the command has exited"))
	}
}
