package blockserver

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

const mib = 1 << 20

// memory is a disk whose MiB are data (see isData) or zeros. bad is the offset of a byte that cannot be
// read, or -1.
type memory struct {
	b   []byte
	bad int64
}

var errBadByte = errors.New("bad byte")

func (m *memory) Size() int64 { return int64(len(m.b)) }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if m.bad >= off && m.bad < off+int64(len(p)) {
		return 0, errBadByte
	}
	return bytes.NewReader(m.b).ReadAt(p, off)
}

func (m *memory) NextData(off int64) (start, end int64, err error) {
	for start = off; start < m.Size() && !isData(start); start = (start/mib + 1) * mib {
	}
	start = min(start, m.Size())
	for end = start; end < m.Size() && isData(end); end = (end/mib + 1) * mib {
	}
	return start, min(end, m.Size()), nil
}

// isData reports whether the MiB around an offset is data.
func isData(off int64) bool { return slices.Contains([]int64{1, 2, 5}, off/mib) }

// newDisk returns a disk of 5.5 MiB whose MiB 1, 2 and the last half are data.
func newDisk() *memory {
	m := &memory{b: make([]byte, 5*mib+mib/2), bad: -1}
	for i := range m.b {
		if isData(int64(i)) {
			m.b[i] = byte(i>>12) | 1
		}
	}
	return m
}

// serve serves a disk on a socket, until the test ends.
func serve(t *testing.T, disk Disk, opt Options) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "nbd")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, disk, opt) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve after its context ended: got %v, want no error", err)
		}
	})
	return socket
}

// client is one connection to a server.
type client struct {
	t *testing.T
	net.Conn
}

// dial connects to a server and answers its greeting.
func dial(t *testing.T, socket string, flags uint32) client {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := client{t, conn}
	want := be.AppendUint16(be.AppendUint64(be.AppendUint64(nil, nbdMagic), optionMagic), flagFixedNewstyle|flagNoZeroes)
	if got := c.read(len(want)); !bytes.Equal(got, want) {
		t.Fatalf("greeting: got %x, want %x", got, want)
	}
	c.send(be.AppendUint32(nil, flags))
	return c
}

func (c client) send(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c client) read(n int) []byte {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.Conn, b); err != nil {
		c.t.Fatalf("read %d bytes: %v", n, err)
	}
	return b
}

// expectClosed fails the test unless the server closes the connection.
func (c client) expectClosed() {
	c.t.Helper()
	if b, err := io.ReadAll(c.Conn); len(b) > 0 && err == nil {
		c.t.Fatalf("got %x, want a closed connection", b)
	}
}

func optionBytes(option uint32, data []byte) []byte {
	b := be.AppendUint32(be.AppendUint64(nil, optionMagic), option)
	return append(be.AppendUint32(b, uint32(len(data))), data...)
}

// option sends an option and returns the kinds of the replies, up to the last.
func (c client) option(option uint32, data []byte) (kinds []uint32) {
	c.t.Helper()
	c.send(optionBytes(option, data))
	for {
		head := c.read(20)
		if be.Uint64(head) != optionReply || be.Uint32(head[8:]) != option {
			c.t.Fatalf("option %d: got the reply %x", option, head)
		}
		kind := be.Uint32(head[12:])
		kinds = append(kinds, kind)
		c.read(int(be.Uint32(head[16:])))
		if kind == repAck || kind >= 1<<31 {
			return kinds
		}
	}
}

func lengthAndText(s string) []byte { return append(be.AppendUint32(nil, uint32(len(s))), s...) }

// goOption is the data of optGo and optInfo for an export.
func goOption(export string) []byte { return be.AppendUint16(lengthAndText(export), 0) }

// metaOption is the data of the options for metadata contexts.
func metaOption(export string, queries ...string) []byte {
	b := be.AppendUint32(lengthAndText(export), uint32(len(queries)))
	for _, q := range queries {
		b = append(b, lengthAndText(q)...)
	}
	return b
}

// connect returns a connection in the transmission phase.
func connect(t *testing.T, socket string, structured bool) client {
	t.Helper()
	c := dial(t, socket, flagFixedNewstyle|flagNoZeroes)
	if structured {
		c.option(optStructuredReply, nil)
		if kinds := c.option(optSetMetaContext, metaOption("", metaContext)); !slices.Equal(kinds, []uint32{repMetaContext, repAck}) {
			t.Fatalf("metadata context: got the replies %v", kinds)
		}
	}
	if kinds := c.option(optGo, goOption("")); kinds[len(kinds)-1] != repAck {
		t.Fatalf("go: got the replies %v", kinds)
	}
	return c
}

func requestBytes(command, flags uint16, off uint64, length uint32) []byte {
	b := be.AppendUint32(nil, requestMagic)
	b = be.AppendUint16(b, flags)
	b = be.AppendUint16(b, command)
	b = be.AppendUint64(b, 77)
	b = be.AppendUint64(b, off)
	return be.AppendUint32(b, length)
}

// result is a reply to a request.
type result struct {
	data    []byte // of a read
	extents []uint32
	errno   uint32
}

// request sends a request and reads its reply.
func (c client) request(structured bool, command, flags uint16, off uint64, length uint32) result {
	c.t.Helper()
	c.send(requestBytes(command, flags, off, length))
	var r result
	if !structured {
		head := c.read(16)
		if be.Uint32(head) != simpleMagic || be.Uint64(head[8:]) != 77 {
			c.t.Fatalf("got the reply %x, want a simple one", head)
		}
		r.errno = be.Uint32(head[4:])
		if command == cmdRead && r.errno == 0 {
			r.data = c.read(int(length))
		}
		return r
	}
	if command == cmdRead {
		r.data = bytes.Repeat([]byte{0xee}, int(length))
	}
	for {
		head := c.read(20)
		if be.Uint32(head) != structuredMagic || be.Uint64(head[8:]) != 77 {
			c.t.Fatalf("got the reply %x, want a structured one", head)
		}
		body := c.read(int(be.Uint32(head[16:])))
		switch kind := be.Uint16(head[6:]); kind {
		case replyTypeNone:
		case replyTypeOffsetData:
			copy(r.data[be.Uint64(body)-off:], body[8:])
		case replyTypeOffsetHole:
			clear(r.data[be.Uint64(body)-off:][:be.Uint32(body[8:])])
		case replyTypeBlockStatus:
			for at := 4; at < len(body); at += 4 {
				r.extents = append(r.extents, be.Uint32(body[at:]))
			}
		case replyTypeError:
			r.errno = be.Uint32(body)
		default:
			c.t.Fatalf("got a chunk of type %d", kind)
		}
		if be.Uint16(head[4:])&replyFlagDone != 0 {
			return r
		}
	}
}

func TestReadsAnyRange(t *testing.T) {
	disk := newDisk()
	socket := serve(t, disk, Options{})
	for _, structured := range []bool{true, false} {
		c := connect(t, socket, structured)
		for _, r := range [][2]int{{0, 1}, {0, len(disk.b)}, {mib - 1, 2}, {mib / 2, 3 * mib}, {3 * mib, 2 * mib}, {len(disk.b) - 1, 1}} {
			got := c.request(structured, cmdRead, 0, uint64(r[0]), uint32(r[1]))
			if got.errno != 0 || !bytes.Equal(got.data, disk.b[r[0]:r[0]+r[1]]) {
				t.Errorf("structured %v: %d bytes at %d: got error %d, or other bytes", structured, r[1], r[0], got.errno)
			}
		}
	}
}

func TestBlockStatus(t *testing.T) {
	const hole = stateHole | stateZero
	c := connect(t, serve(t, newDisk(), Options{}), true)
	for _, tc := range []struct {
		off, length uint32
		flags       uint16
		want        []uint32
	}{
		{0, 5*mib + mib/2, 0, []uint32{mib, hole, 2 * mib, 0, 2 * mib, hole, mib / 2, 0}},
		{0, 5 * mib, cmdFlagReqOne, []uint32{mib, hole}},
		{mib + 5, 100, 0, []uint32{100, 0}},
		{3*mib - 1, 2, 0, []uint32{1, 0, 1, hole}},
	} {
		got := c.request(true, cmdBlockStatus, tc.flags, uint64(tc.off), tc.length)
		if got.errno != 0 || !slices.Equal(got.extents, tc.want) {
			t.Errorf("%d bytes at %d: got %v, error %d; want %v", tc.length, tc.off, got.extents, got.errno, tc.want)
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	disk := newDisk()
	socket := serve(t, disk, Options{})
	size := uint64(len(disk.b))
	for _, structured := range []bool{true, false} {
		c := connect(t, socket, structured)
		for _, tc := range []struct {
			name           string
			command, flags uint16
			off            uint64
			length         uint32
			want           uint32
		}{
			{"trim", cmdTrim, 0, 0, 512, errnoPermission},
			{"write zeros", cmdWriteZeroes, 0, 0, 512, errnoPermission},
			{"unknown command", 99, 0, 0, 512, errnoInvalid},
			{"unknown flag", cmdRead, 1 << 7, 0, 512, errnoInvalid},
			{"beyond the end", cmdRead, 0, size - 1, 2, errnoInvalid},
			{"offset that overflows", cmdRead, 0, math.MaxUint64, 2, errnoInvalid},
			{"nothing", cmdRead, 0, 0, 0, errnoInvalid},
			{"too long", cmdCache, 0, 0, maxRequest + 1, errnoInvalid},
			{"flush", cmdFlush, 0, 0, 0, 0},
			{"cache", cmdCache, 0, 0, uint32(size), 0},
		} {
			if got := c.request(structured, tc.command, tc.flags, tc.off, tc.length); got.errno != tc.want {
				t.Errorf("structured %v, %s: got error %d, want %d", structured, tc.name, got.errno, tc.want)
			}
		}
		c.send(append(requestBytes(cmdWrite, 0, 0, 3), 1, 2, 3)[:28])
		if got := c.request(structured, cmdRead, 0, 0, 1); got.errno != errnoPermission { // its first three bytes were the data
			t.Errorf("structured %v, write: got error %d, want %d", structured, got.errno, errnoPermission)
		}
	}
	c := connect(t, socket, false)
	if got := c.request(false, cmdBlockStatus, 0, 0, 512); got.errno != errnoInvalid {
		t.Errorf("block status that was not negotiated: got error %d, want %d", got.errno, errnoInvalid)
	}
}

func TestReadErrorIsReported(t *testing.T) {
	disk := newDisk()
	disk.bad = 2*mib + 7
	var mu sync.Mutex
	var reported []error
	socket := serve(t, disk, Options{OnReadError: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		reported = append(reported, err)
	}})
	for _, structured := range []bool{true, false} {
		c := connect(t, socket, structured)
		if got := c.request(structured, cmdRead, 0, 0, 3*mib); got.errno != errnoIO {
			t.Errorf("structured %v: got error %d, want %d", structured, got.errno, errnoIO)
		}
		if got := c.request(structured, cmdRead, 0, mib, mib); got.errno != 0 || !bytes.Equal(got.data, disk.b[mib:2*mib]) {
			t.Errorf("structured %v: the next read: got error %d, or other bytes", structured, got.errno)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(reported) != 2 || !errors.Is(reported[0], errBadByte) {
		t.Errorf("got the errors %v, want %v twice", reported, errBadByte)
	}
}

func TestOptions(t *testing.T) {
	c := dial(t, serve(t, newDisk(), Options{Export: "base"}), flagFixedNewstyle)
	for _, tc := range []struct {
		name   string
		option uint32
		data   []byte
		want   []uint32
	}{
		{"list", optList, nil, []uint32{repServer, repAck}},
		{"list with data", optList, []byte{1}, []uint32{repErrInvalid}},
		{"TLS", 5, nil, []uint32{repErrUnsup}},
		{"info", optInfo, goOption("base"), []uint32{repInfo, repInfo, repAck}},
		{"info of another export", optInfo, goOption("other"), []uint32{repErrUnknown}},
		{"info without a count", optInfo, lengthAndText("base"), []uint32{repErrInvalid}},
		{"info with a count that is too large", optInfo, be.AppendUint16(lengthAndText("base"), 9), []uint32{repErrInvalid}},
		{"name longer than the data", optInfo, be.AppendUint32(nil, 100), []uint32{repErrInvalid}},
		{"context before structured replies", optSetMetaContext, metaOption("", metaContext), []uint32{repErrInvalid}},
		{"structured replies", optStructuredReply, nil, []uint32{repAck}},
		{"structured replies with data", optStructuredReply, []byte{1}, []uint32{repErrInvalid}},
		{"list contexts", optListMetaContext, metaOption("base"), []uint32{repMetaContext, repAck}},
		{"list contexts of base", optListMetaContext, metaOption("base", "base:"), []uint32{repMetaContext, repAck}},
		{"set an unknown context", optSetMetaContext, metaOption("base", "qemu:x"), []uint32{repAck}},
		{"context of another export", optSetMetaContext, metaOption("other", metaContext), []uint32{repErrUnknown}},
		{"context with too few queries", optSetMetaContext, be.AppendUint32(lengthAndText("base"), 1<<31), []uint32{repErrInvalid}},
	} {
		if got := c.option(tc.option, tc.data); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got the replies %x, want %x", tc.name, got, tc.want)
		}
	}
	c.send(optionBytes(optExportName, []byte("base")))
	got := c.read(8 + 2 + 124)
	if size := be.Uint64(got); size != uint64(len(newDisk().b)) || binary.BigEndian.Uint16(got[8:]) != exportFlags {
		t.Errorf("export: got %x, want the size and the flags", got[:10])
	}
}

func TestAbortAndViolationsCloseConnection(t *testing.T) {
	socket := serve(t, newDisk(), Options{Export: "base"})
	c := dial(t, socket, flagFixedNewstyle)
	if got := c.option(optAbort, nil); !slices.Equal(got, []uint32{repAck}) {
		t.Errorf("abort: got the replies %x, want %x", got, repAck)
	}
	c.expectClosed()
	dial(t, socket, 1<<9).expectClosed() // unknown flags
	for name, message := range map[string][]byte{
		"no option":           bytes.Repeat([]byte{7}, 16),
		"unknown export name": optionBytes(optExportName, []byte("other")),
		"huge option":         be.AppendUint32(be.AppendUint32(be.AppendUint64(nil, optionMagic), optList), maxOption+1),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, socket, flagFixedNewstyle)
			c.send(message)
			c.expectClosed()
		})
	}
	c = connect(t, socket, true)
	c.send(bytes.Repeat([]byte{7}, 28))
	c.expectClosed()
}

// TestServeEnds ends a server while clients wait in each phase.
func TestServeEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "nbd"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, newDisk(), Options{}) }()
	clients := []client{
		dial(t, l.Addr().String(), flagFixedNewstyle),
		connect(t, l.Addr().String(), true),
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v, want no error", err)
	}
	for _, c := range clients {
		c.expectClosed()
	}
}

func TestServeReturnsErrorOfListener(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "nbd"))
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := Serve(t.Context(), l, newDisk(), Options{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
}

// TestManyConnections opens more connections than the server serves at once.
func TestManyConnections(t *testing.T) {
	disk := newDisk()
	socket := serve(t, disk, Options{})
	var all sync.WaitGroup
	for range 3 * maxConnections {
		all.Go(func() {
			c := connect(t, socket, true)
			if got := c.request(true, cmdRead, 0, 0, 3*mib); !bytes.Equal(got.data, disk.b[:3*mib]) {
				t.Errorf("got other bytes, error %d", got.errno)
			}
			c.Close()
		})
	}
	all.Wait()
}

// FuzzSession sends arbitrary bytes before and after a correct handshake. The server must
// neither crash nor hang.
func FuzzSession(f *testing.F) {
	hello := be.AppendUint32(nil, flagFixedNewstyle|flagNoZeroes)
	handshake := slices.Concat(hello, optionBytes(optStructuredReply, nil),
		optionBytes(optSetMetaContext, metaOption("", metaContext)), optionBytes(optGo, goOption("")))
	f.Add([]byte{}, false)
	f.Add(handshake, false)
	f.Add(slices.Concat(hello, optionBytes(optList, nil), optionBytes(optInfo, goOption("x"))), false)
	f.Add(slices.Concat(requestBytes(cmdRead, 0, mib, 4096), requestBytes(cmdBlockStatus, 0, 0, 5*mib), requestBytes(cmdDisconnect, 0, 0, 0)), true)
	f.Add(slices.Concat(requestBytes(cmdWrite, 0, 0, 1<<31), []byte("data")), true)
	f.Add(requestBytes(cmdRead, 0xffff, math.MaxUint64, math.MaxUint32), true)
	disk := newDisk()
	f.Fuzz(func(_ *testing.T, message []byte, negotiated bool) {
		if negotiated {
			message = append(slices.Clone(handshake), message...)
		}
		near, far := net.Pipe()
		served := make(chan struct{})
		go func() {
			serveConn(context.Background(), far, disk, Options{})
			close(served)
		}()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_, _ = near.Write(message)
		near.Close()
		<-served
	})
}
