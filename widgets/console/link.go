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

// link is a connection with two goroutines: one reads, the other writes from a bounded queue,
// so that a guest that does not read does not block the UI.
type link struct {
	conn io.ReadWriteCloser
	wake chan struct{}
	done chan struct{}
	once sync.Once

	mu    sync.Mutex
	queue []byte
}

func newLink(conn io.ReadWriteCloser) *link {
	return &link{conn: conn, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

func (l *link) start(c *Console) {
	go l.read(c)
	go l.write()
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.done)
		l.conn.Close()
	})
}

// send queues all of b, or returns false if there is no room.
func (l *link) send(b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue)+len(b) > queueSize {
		return false
	}
	l.queue = append(l.queue, b...)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return true
}

func (l *link) write() {
	for {
		select {
		case <-l.done:
			return
		case <-l.wake:
		}
		for {
			l.mu.Lock()
			b := l.queue[:min(len(l.queue), writeSize)]
			l.queue = l.queue[len(b):]
			l.mu.Unlock()
			if len(b) == 0 {
				break
			}
			if _, err := l.conn.Write(b); err != nil {
				return // the reader fails as well, and reports it
			}
		}
	}
}

func (l *link) read(c *Console) {
	buf := make([]byte, readSize)
	for {
		n, err := l.conn.Read(buf)
		for piece := range slices.Chunk(buf[:n], screen.Piece) {
			c.receive(l, piece)
		}
		if err != nil {
			l.close()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			c.ended(l, err)
			return
		}
	}
}

// receive handles bytes from the guest.
func (c *Console) receive(l *link, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != l {
		return
	}
	_, _ = c.model.Write(b)
	if replies := c.model.TakeReplies(); len(replies) > 0 {
		l.send(replies)
	}
	c.frames.changed()
}

// ended dims the text after the guest has closed the connection.
func (c *Console) ended(l *link, err error) {
	c.mu.Lock()
	mine := c.link == l
	if mine {
		c.link = nil
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
