package nbd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestHandshakeRefusals(t *testing.T) {
	structured := answerTo(optStructuredReply, repAck)
	noMap := answerTo(optSetMetaContext, repAck)
	export := answerTo(optGo, repInfo, uint16(infoExport), uint64(100), uint16(1))
	for name, c := range map[string]struct {
		says []byte
		want error
	}{
		"nothing":         {nil, ErrGone},
		"another service": {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), ErrProtocol},
		"old style":       {bytesOf(uint64(magicServer), uint64(0x00420281861253), uint64(100)), ErrProtocol},
		"not fixed":       {bytesOf(uint64(magicServer), uint64(magicOption), uint16(0)), ErrProtocol},
		"cut":             {hello, ErrGone},
		"wrong option":    {bytesOf(hello, answerTo(optGo, repAck)), ErrProtocol},
		"huge answer":     {bytesOf(hello, uint64(magicReply), uint32(optStructuredReply), uint32(repAck), ^uint32(0)), ErrProtocol},
		"no such export":  {bytesOf(hello, structured, noMap, answerTo(optGo, repErrUnknown, "no 'snap'")), ErrNoExport},
		"no such export, said early": {
			bytesOf(hello, structured, answerTo(optSetMetaContext, repErrUnknown), answerTo(optGo, repErrUnknown)), ErrNoExport,
		},
		"without size":  {bytesOf(hello, structured, noMap, answerTo(optGo, repAck)), ErrProtocol},
		"negative size": {bytesOf(hello, structured, noMap, answerTo(optGo, repInfo, uint16(infoExport), ^uint64(0), uint16(1))), ErrProtocol},
		"two maps": {bytesOf(hello, structured,
			answerTo(optSetMetaContext, repMetaContext, uint32(1), allocation.context),
			answerTo(optSetMetaContext, repMetaContext, uint32(2), allocation.context)), ErrProtocol},
		"no end": {bytesOf(hello, structured, noMap, bytes.Repeat(export, maxAnswers+1)), ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := openFake(t, false, c.says); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestReadReplies(t *testing.T) {
	data := bytes.Repeat([]byte{7}, 60)
	for name, c := range map[string]struct {
		says []byte
		want error
	}{
		"one chunk":        {chunk(chunkDone, chunkData, 1, uint64(10), data), nil},
		"chunk, then none": {bytesOf(chunk(0, chunkData, 1, uint64(10), data), chunk(chunkDone, chunkNone, 1)), nil},
		"out of order": {bytesOf(chunk(0, chunkData, 1, uint64(40), data[:30]),
			chunk(chunkDone, chunkData, 1, uint64(10), data[:30])), nil},
		"a part missing": {chunk(chunkDone, chunkData, 1, uint64(10), data[:59]), ErrProtocol},
		"nothing":        {chunk(chunkDone, chunkNone, 1), ErrProtocol},
		"a part twice": {bytesOf(chunk(0, chunkData, 1, uint64(10), data[:30]),
			chunk(chunkDone, chunkData, 1, uint64(10), data[:30])), ErrProtocol},
		"before":           {chunk(chunkDone, chunkData, 1, uint64(9), data), ErrProtocol},
		"after":            {chunk(chunkDone, chunkData, 1, uint64(11), data), ErrProtocol},
		"far away":         {chunk(chunkDone, chunkData, 1, ^uint64(0), data), ErrProtocol},
		"too long":         {bytesOf(uint32(magicStructured), uint16(1), uint16(chunkData), uint64(1), ^uint32(0), uint64(10)), ErrProtocol},
		"hole too long":    {chunk(chunkDone, chunkHole, 1, uint64(10), ^uint32(0)), ErrProtocol},
		"wrong cookie":     {chunk(chunkDone, chunkData, 2, uint64(10), data), ErrProtocol},
		"status instead":   {chunk(chunkDone, chunkStatus, 1, uint32(9), uint32(60), uint32(0)), ErrProtocol},
		"simple":           {bytesOf(uint32(magicSimple), uint32(0), uint64(1), data), ErrProtocol},
		"no end of errors": {bytes.Repeat(chunk(0, chunkError, 1, uint32(5), uint16(0)), maxChunks+1), ErrProtocol},
		"no end of pieces": {bytes.Repeat(chunk(0, chunkData, 1, uint64(10), "x"), maxChunks+1), ErrProtocol},
		"cut in data":      {chunk(chunkDone, chunkData, 1, uint64(10), data)[:50], ErrGone},
		"gone":             {nil, ErrGone},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := openFake(t, false, handshakeReplies, c.says)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 60)
			n, err := e.ReadAt(got, 10)
			if !errors.Is(err, c.want) || (err == nil) != (n == 60) {
				t.Fatalf("got %d bytes, %v, want %v", n, err, c.want)
			}
			if err == nil && !bytes.Equal(got, data) {
				t.Errorf("ReadAt: got %v, want the server's data", got)
			}
		})
	}
}

func TestHoleInReadIsZeros(t *testing.T) {
	e, err := openFake(t, false, handshakeReplies, chunk(chunkDone, chunkHole, 1, uint64(90), uint32(10)))
	if err != nil {
		t.Fatal(err)
	}
	got := bytes.Repeat([]byte{1}, 20)
	if n, err := e.ReadAt(got, 90); n != 10 || err != io.EOF { //nolint:errorlint // io.ReaderAt's own
		t.Fatalf("%d bytes, %v; want 10, %v", n, err, io.EOF)
	}
	if want := append(make([]byte, 10), bytes.Repeat([]byte{1}, 10)...); !bytes.Equal(got, want) {
		t.Errorf("ReadAt: got %v, want 10 zeros and the old bytes", got)
	}
}

func TestRefusedReadLeavesConnection(t *testing.T) {
	e, err := openFake(t, true, handshakeReplies,
		bytesOf(chunk(0, chunkData, 1, uint64(0), "abc"),
			chunk(chunkDone, chunkError|2, 1, uint32(5), uint16(3), "bad", uint64(3))),
		chunk(chunkDone, chunkData, 2, uint64(0), "abcd"))
	if err != nil {
		t.Fatal(err)
	}
	var refusal *Error
	if _, err := e.ReadAt(make([]byte, 4), 0); !errors.As(err, &refusal) || refusal.Code != 5 || refusal.Message != "bad" {
		t.Fatalf("ReadAt: got error %v, want the server's error", err)
	}
	got := make([]byte, 4)
	if _, err := e.ReadAt(got, 0); err != nil || string(got) != "abcd" {
		t.Fatalf("ReadAt: got %q, %v; want %q", got, err, "abcd")
	}
}

func TestCutRequests(t *testing.T) {
	// Bytes 6 to 27 are requested as 6-8, 8-16, 16-24 and 24-27, together, and answered in another
	// order; the third request fails.
	answers := bytesOf(
		chunk(chunkDone, chunkData, 4, uint64(24), "ddd"),
		chunk(chunkDone, chunkData, 2, uint64(8), "bbbbbbbb"),
		chunk(chunkDone, chunkError, 3, uint32(5), uint16(0)),
		chunk(chunkDone, chunkData, 1, uint64(6), "aa"))
	e, err := openFake(t, true, handshakeReplies, nil, nil, nil, answers)
	if err != nil {
		t.Fatal(err)
	}
	e.CutRequests(8)
	got := make([]byte, 21)
	var refusal *Error
	if n, err := e.ReadAt(got, 6); n != 10 || !errors.As(err, &refusal) || string(got[:n]) != "aabbbbbbbb" {
		t.Errorf("ReadAt = %d bytes, %q, %v; want 10 bytes and the server's error", n, got, err)
	}
}

func TestServerWithoutStructuredReplies(t *testing.T) {
	e, err := openFake(t, true,
		bytesOf(hello,
			answerTo(optStructuredReply, repError|1),
			answerTo(optGo, repInfo, uint16(infoExport), uint64(100), uint16(1)),
			answerTo(optGo, repAck)),
		bytesOf(uint32(magicSimple), uint32(0), uint64(1), "abcd"),
		bytesOf(uint32(magicSimple), uint32(5), uint64(2)))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := e.ReadAt(got, 0); err != nil || string(got) != "abcd" {
		t.Fatalf("ReadAt: got %q, %v; want %q", got, err, "abcd")
	}
	var refusal *Error
	if _, err := e.ReadAt(got, 0); !errors.As(err, &refusal) || refusal.Code != 5 {
		t.Fatalf("ReadAt: got error %v, want code 5", err)
	}
	if data, end, err := e.Data(30); len(data) != 1 || data[0] != (Range{30, 100}) || end != 100 || err != nil {
		t.Errorf("Data = %v up to %d, %v; want everything to be data", data, end, err)
	}
}

func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := openFake(t, true, hello); !errors.Is(err, ErrSilent) {
			t.Errorf("handshake: got error %v, want error %v", err, ErrSilent)
		}
		e, err := openFake(t, true, handshakeReplies)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := e.ReadAt(make([]byte, 4), 0); !errors.Is(err, ErrSilent) {
				t.Errorf("read: got error %v, want error %v", err, ErrSilent)
			}
		}
		if _, _, err := e.Data(0); !errors.Is(err, ErrSilent) {
			t.Errorf("status: got error %v, want error %v", err, ErrSilent)
		}
	})
}

func TestContextEndsReads(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	e, err := open(ctx, serve(t, true, handshakeReplies), "snap", allocation, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	failed := make(chan error)
	go func() {
		_, err := e.ReadAt(make([]byte, 4), 0)
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAt: got error %v, want Canceled", err)
	}
}

func TestCloseEndsReads(t *testing.T) {
	e, err := open(context.Background(), serve(t, true, handshakeReplies), "snap", allocation, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := e.ReadAt(make([]byte, 4), 0)
		failed <- err
	}()
	_ = e.Close()
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("ReadAt: got error %v, want ErrClosed", err)
	}
	_ = e.Close()
}

func TestRanges(t *testing.T) {
	const hole, zero = 1, 3
	type extent struct{ length, flags uint32 }
	for name, c := range map[string]struct {
		extents []extent
		data    []Range
		end     int64
		bad     bool
	}{
		"data":              {[]extent{{50, 0}}, []Range{{10, 60}}, 60, false},
		"zeros":             {[]extent{{50, zero}}, nil, 60, false},
		"a hole is unknown": {[]extent{{50, hole}}, []Range{{10, 60}}, 60, false},
		"neighbors join":    {[]extent{{10, 0}, {10, hole}, {10, zero}, {10, 0}}, []Range{{10, 30}, {40, 50}}, 50, false},
		"last goes beyond":  {[]extent{{50, zero}, {4096, 0}}, []Range{{60, 100}}, 100, false},
		"beyond the last":   {[]extent{{4096, 0}, {1, 0}}, nil, 0, true},
		"empty extent":      {[]extent{{10, 0}, {0, 0}}, nil, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			var raw []byte
			for _, x := range c.extents {
				raw = append(raw, bytesOf(x.length, x.flags)...)
			}
			data, end, err := allocation.selectRanges(raw, 10, 80, 100)
			if (err != nil) != c.bad || end != c.end || len(data) != len(c.data) {
				t.Fatalf("got %v up to %d, %v; want up to %v, %v entries", data, end, err, c.end, len(c.data))
			}
			for i := range data {
				if data[i] != c.data[i] {
					t.Errorf("ranges = %v, want %v", data, c.data)
				}
			}
		})
	}
}

// No matter what a server sends, a read returns and does not succeed without all of the data.
func FuzzServer(f *testing.F) {
	f.Add(handshakeReplies,
		chunk(chunkDone, chunkData, 1, uint64(0), make([]byte, 100)),
		chunk(chunkDone, chunkStatus, 2, uint32(9), uint32(40), uint32(3), uint32(60), uint32(0)))
	f.Add(handshakeReplies,
		chunk(0, chunkHole, 1, uint64(0), uint32(100)),
		chunk(chunkDone, chunkError, 1, uint32(5), uint16(0)))
	f.Add(hello, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, greeting, first, second []byte) {
		conn := serve(t, false, greeting, first, second)
		e, err := open(t.Context(), conn, "snap", allocation, 5*time.Millisecond)
		if err != nil {
			return
		}
		defer func() { _ = e.Close() }()
		want := min(100, e.Size())
		if n, err := e.ReadAt(make([]byte, want), 0); want > 0 && (err == nil) != (int64(n) == want) {
			t.Errorf("ReadAt = %d of %d bytes, %v; want all bytes or an error", n, want, err)
		}
		data, end, err := e.Data(0)
		if err != nil {
			return
		}
		if end > e.Size() || end <= 0 && e.Size() > 0 {
			t.Errorf("got end %d, want at most %d", end, e.Size())
		}
		last := int64(-1)
		for _, r := range data {
			if r.Start <= last || r.End <= r.Start || r.End > end {
				t.Errorf("got data %v up to %d of %d, want ascending ranges", data, end, e.Size())
			}
			last = r.End
		}
	})
}
