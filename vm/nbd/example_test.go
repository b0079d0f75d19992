package nbd

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
)

func ExampleDial() {
	dir, err := os.MkdirTemp("", "nbd")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "nbd")
	server, err := net.Listen("unix", socket)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Close() }()
	go serveHello(server)

	export, err := Dial(context.Background(), socket, "disk")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = export.Close() }()
	b := make([]byte, 5)
	if _, err := export.ReadAt(b, 10); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q of %d bytes\n", b, export.Size())
	// Output: "hello" of 100 bytes
}

// serveHello serves an export of 100 bytes to one client and answers its first read, at offset 10.
func serveHello(server net.Listener) {
	conn, err := server.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := conn.Write(handshakeReplies); err != nil || !skipOptions(conn) {
		return
	}
	const requestLen = 28
	if _, err := io.CopyN(io.Discard, conn, requestLen); err != nil {
		return
	}
	_, _ = conn.Write(chunk(chunkDone, chunkData, 1, uint64(10), "hello"))
	_, _ = io.Copy(io.Discard, conn)
}
