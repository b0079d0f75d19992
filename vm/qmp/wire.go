package qmp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	// maxLine limits one line from QEMU. The largest answer (query-qmp-schema) has about
	// 200 KB.
	maxLine = 4 << 20
	// eventBuffer is the maximum number of unread events that are buffered.
	eventBuffer = 64
)

type request struct {
	Execute   string `json:"execute"`
	Arguments any    `json:"arguments,omitempty"`
	ID        uint64 `json:"id"`
}

// message is any line from QEMU: greeting, answer, error or event.
type message struct {
	QMP    json.RawMessage `json:"QMP"`
	ID     *uint64         `json:"id"`
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
	Event     string          `json:"event"`
	Data      json.RawMessage `json:"data"`
	Timestamp struct {
		Seconds      int64 `json:"seconds"`
		Microseconds int64 `json:"microseconds"`
	} `json:"timestamp"`
}

type answer struct {
	value   json.RawMessage
	refusal *Error
}

func (a answer) decode(command string, result any) error {
	if a.refusal != nil {
		a.refusal.Command = command
		return a.refusal
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(a.value, result); err != nil {
		return fmt.Errorf("%s: answer: %w: %w", command, ErrProtocol, err)
	}
	return nil
}

// readMessages is the only reader of the connection; it closes greeted after the greeting.
func (c *Client) readMessages(greeted chan<- struct{}) {
	defer close(c.events)
	lines := bufio.NewScanner(c.conn)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	hasGreeted := false
	for lines.Scan() {
		m, err := parseMessage(lines.Bytes())
		switch {
		case err != nil:
		case m.QMP != nil && !hasGreeted:
			hasGreeted = true
			close(greeted)
		case !hasGreeted:
			err = fmt.Errorf("%w: no greeting", ErrProtocol)
		case m.Event != "":
			c.sendEvent(m)
		case m.ID == nil:
			err = fmt.Errorf("%w: answer without an ID", ErrProtocol)
		default:
			c.deliverAnswer(m)
		}
		if err != nil {
			c.closeWith(err)
			return
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("%w: line longer than %d bytes", ErrProtocol, maxLine)
	}
	c.closeWith(err)
}

func parseMessage(line []byte) (message, error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return m, nil
}

// sendEvent delivers an event without waiting. Only the reader sends, so dropping one event
// makes room.
func (c *Client) sendEvent(m message) {
	e := Event{Name: m.Event, Data: m.Data, Time: m.timestamp()}
	for {
		select {
		case c.events <- e:
			return
		default:
		}
		select {
		case <-c.events:
		default:
		}
	}
}

func (m message) timestamp() time.Time {
	t := m.Timestamp
	if t.Seconds < 0 || t.Seconds > math.MaxUint32 { // QEMU sends -1 if it has no clock
		return time.Time{}
	}
	return time.Unix(t.Seconds, t.Microseconds%1e6*1000)
}

func (c *Client) deliverAnswer(m message) {
	c.mu.Lock()
	answers, ok := c.waiting[*m.ID]
	delete(c.waiting, *m.ID)
	c.mu.Unlock()
	if !ok {
		return // the caller has given up
	}
	a := answer{value: m.Return}
	if m.Error != nil {
		a.refusal = &Error{Class: m.Error.Class, Desc: m.Error.Desc}
	}
	answers <- a
}
