package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"vmterminal/vm/agent"
)

// questions are those of one command's terminal for the program in front of it.
type questions struct {
	mu      sync.Mutex
	allowed bool // the other side answers them
	over    bool
	open    []agent.Question // sent and not answered, in order
}

// send passes questions on until over is closed.
func (q *questions) send(out *frameWriter, asked <-chan agent.Question, over <-chan struct{}) {
	for {
		select {
		case question, more := <-asked:
			if !more {
				return
			}
			if err := q.sendOne(out, question); err != nil {
				question("", err)
			}
		case <-over:
			return
		}
	}
}

func (q *questions) sendOne(out *frameWriter, question agent.Question) error {
	q.mu.Lock()
	switch {
	case q.over:
		q.mu.Unlock()
		return errors.New("the command has ended")
	case !q.allowed:
		q.mu.Unlock()
		return fmt.Errorf("the program in front: %w", agent.ErrUnsupported)
	}
	q.open = append(q.open, question)
	q.mu.Unlock()
	_ = out.send(frameAsk, nil) // the connection's end answers what is open
	return nil
}

// answered takes an answer's frame.
func (q *questions) answered(content []byte) error {
	q.mu.Lock()
	if len(content) == 0 {
		q.allowed = true
		q.mu.Unlock()
		return nil
	}
	if len(q.open) == 0 {
		q.mu.Unlock()
		return errors.New("an answer that was not asked for")
	}
	question := q.open[0]
	q.open = q.open[1:]
	q.mu.Unlock()
	var front execFront
	if err := json.Unmarshal(content, &front); err != nil {
		err = fmt.Errorf("the program in front: %w", err)
		question("", err)
		return err
	}
	if front.Error != nil {
		question("", front.Error)
		return nil
	}
	question(front.Program, nil)
	return nil
}

// end answers what is open: the command has ended.
func (q *questions) end() {
	q.mu.Lock()
	open := q.open
	q.open, q.over = nil, true
	q.mu.Unlock()
	for _, question := range open {
		question("", errors.New("the command has ended"))
	}
}
