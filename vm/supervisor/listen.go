package supervisor

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"sync"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
	"vmterminal/vm/qemu"
)

// maxConns is how many connections a supervisor serves at once; more have to wait.
const maxConns = 256

// listenAPI listens on the socket at path for this user only. It replaces the socket
// of an earlier supervisor. The caller must hold host.lock.
func listenAPI(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := Listen(path)
	if err != nil {
		return nil, err
	}
	l.(*userListener).SetUnlinkOnClose(false) // recordExit removes it, while host.lock is held
	return l, nil
}

// Listen listens on a new Unix socket at path. Connections of other users, except root, are
// closed at once. Closing the listener removes the socket.
func Listen(path string) (net.Listener, error) {
	if err := qemu.CheckSocketPath(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, durable.FileMode); err != nil {
		_ = l.Close()
		return nil, err
	}
	return &userListener{UnixListener: l, slots: make(chan struct{}, maxConns)}, nil
}

// userListener accepts connections from this user and root only.
type userListener struct {
	*net.UnixListener
	slots chan struct{}
}

func (l *userListener) Accept() (net.Conn, error) {
	for {
		l.slots <- struct{}{}
		conn, err := l.AcceptUnix()
		if err != nil {
			<-l.slots
			return nil, err
		}
		if !isAllowedPeer(conn) {
			_ = conn.Close()
			<-l.slots
			continue
		}
		return &limitedConn{UnixConn: conn, free: sync.OnceFunc(func() { <-l.slots })}, nil
	}
}

// isAllowedPeer reports whether the peer is this user or root.
func isAllowedPeer(conn *net.UnixConn) bool {
	uid, err := peerUID(conn)
	return err == nil && (uid == os.Getuid() || uid == 0) || !guard.On(guard.PeerUID)
}

type limitedConn struct {
	*net.UnixConn
	free func()
}

func (c *limitedConn) Close() error {
	defer c.free()
	return c.UnixConn.Close()
}
