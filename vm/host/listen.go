package host

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"sync"

	"vmterminal/app/ondisk"
	"vmterminal/app/ondisk/guard"
	"vmterminal/vm/qemu"
)

// maxConns bounds the connections to one host process; more wait.
const maxConns = 256

// listenAPI listens on the socket at path for this user only. What an earlier
// host process left there is removed: the caller holds host.lock.
func listenAPI(path string) (net.Listener, error) {
	if err := qemu.CheckSocketPath(path); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // removed while host.lock is held, see leave
	if err := os.Chmod(path, ondisk.FileMode); err != nil {
		_ = l.Close()
		return nil, err
	}
	return &ownListener{UnixListener: l, slots: make(chan struct{}, maxConns)}, nil
}

// ownListener accepts connections of this user (and root) only.
type ownListener struct {
	*net.UnixListener
	slots chan struct{}
}

func (l *ownListener) Accept() (net.Conn, error) {
	for {
		l.slots <- struct{}{}
		conn, err := l.AcceptUnix()
		if err != nil {
			<-l.slots
			return nil, err
		}
		if !ours(conn) {
			_ = conn.Close()
			<-l.slots
			continue
		}
		return &slotConn{UnixConn: conn, free: sync.OnceFunc(func() { <-l.slots })}, nil
	}
}

// ours tells whether the peer is this user or root.
func ours(conn *net.UnixConn) bool {
	uid, err := peerUID(conn)
	return err == nil && (uid == os.Getuid() || uid == 0) || !guard.On(guard.PeerUID)
}

type slotConn struct {
	*net.UnixConn
	free func()
}

func (c *slotConn) Close() error {
	defer c.free()
	return c.UnixConn.Close()
}
