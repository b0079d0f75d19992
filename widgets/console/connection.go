package console

import (
	"errors"
	"io"
	"slices"
	"sync"

	"vmterminal/widgets/screen"
)

const (
	readSize  = 32 << 10
	writeSize = 4 << 10
	queueSize = 1 << 20 // typed or pasted bytes that the guest has not read
)

// connection connects a console to its guest with two goroutines: one reads, the other writes
// from a bounded queue, so that a guest that does not read does not block the UI.
type connection struct {
	c    *Console
	conn io.ReadWriteCloser
	wake chan struct{}
	done chan struct{}
	once sync.Once

	mu    sync.Mutex
	queue []byte
}

func newConnection(c *Console, conn io.ReadWriteCloser) *connection {
	return &connection{c: c, conn: conn, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

func (n *connection) close() {
	n.once.Do(func() {
		close(n.done)
		n.conn.Close()
	})
}

// send queues all of b, or returns false if there is no room.
func (n *connection) send(b []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queue)+len(b) > queueSize {
		return false
	}
	n.queue = append(n.queue, b...)
	select {
	case n.wake <- struct{}{}:
	default:
	}
	return true
}

func (n *connection) write() {
	for {
		select {
		case <-n.done:
			return
		case <-n.wake:
		}
		for {
			n.mu.Lock()
			b := n.queue[:min(len(n.queue), writeSize)]
			n.queue = n.queue[len(b):]
			n.mu.Unlock()
			if len(b) == 0 {
				break
			}
			if _, err := n.conn.Write(b); err != nil {
				return // the reader fails as well, and reports it
			}
		}
	}
}

func (n *connection) read() {
	buf := make([]byte, readSize)
	for {
		count, err := n.conn.Read(buf)
		for piece := range slices.Chunk(buf[:count], screen.MaxWrite) {
			n.receive(piece)
		}
		if err != nil {
			n.close()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			n.ended(err)
			return
		}
	}
}

// receive handles bytes from the guest.
func (n *connection) receive(b []byte) {
	c := n.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.connection != n {
		return
	}
	_, _ = c.model.Write(b)
	if replies := c.model.TakeReplies(); len(replies) > 0 {
		n.send(replies)
	}
	c.frames.textChanged()
}

// ended dims the text after the guest has closed the connection.
func (n *connection) ended(err error) {
	c := n.c
	c.mu.Lock()
	mine := c.connection == n
	if mine {
		c.connection = nil
		c.frames.redraw()
	}
	c.mu.Unlock()
	if mine {
		c.onUI(func() {
			if c.OnClosed != nil {
				c.OnClosed(err)
			}
		})
	}
}
