package wire

import (
	"bytes"
	"slices"
	"syscall"
	"testing"
	"time"
)

func encode(frames ...Frame) []byte {
	var b []byte
	for _, f := range frames {
		b = f.Append(b)
	}
	return b
}

func drain(d *Decoder) []Frame {
	var got []Frame
	for {
		f, ok := d.Next()
		if !ok {
			return got
		}
		got = append(got, f)
	}
}

func payloads(frames []Frame) []string {
	var list []string
	for _, f := range frames {
		list = append(list, string(f.Payload))
	}
	return list
}

func frame(payload string) Frame {
	return Frame{Kind: Data, Channel: Stdout, Stream: 7, Session: 1 << 60, Payload: []byte(payload)}
}

func TestDecoder(t *testing.T) {
	a, b := encode(frame("alpha")), encode(frame("beta"))
	damaged := bytes.Clone(a)
	damaged[len(damaged)-1] ^= 1
	badHeader := bytes.Clone(a)
	badHeader[9] ^= 1
	tooLong := Frame{Payload: make([]byte, MaxPayload+1)}.Append(nil)
	tests := []struct {
		name   string
		stream [][]byte
		want   []string
	}{
		{"two frames", [][]byte{a, b}, []string{"alpha", "beta"}},
		{"empty payload", [][]byte{encode(frame(""))}, []string{""}},
		{"garbage before and between", [][]byte{[]byte("login: "), a, {0xf4, 'V', 0xf4}, b}, []string{"alpha", "beta"}},
		{"a mark without a frame", [][]byte{frameMark[:], a}, []string{"alpha"}},
		{"damaged payload", [][]byte{damaged, b}, []string{"beta"}},
		{"damaged length", [][]byte{badHeader, b}, []string{"beta"}},
		{"truncated header", [][]byte{a[:20], b, a}, []string{"beta", "alpha"}},
		{"truncated payload", [][]byte{a[:len(a)-2], b, a}, []string{"beta", "alpha"}},
		{"a payload beyond the limit", [][]byte{tooLong[:headerSize], b}, []string{"beta"}},
		{"a frame in a payload is data", [][]byte{encode(frame(string(b)))}, []string{string(b)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stream := bytes.Join(test.stream, nil)
			var whole Decoder
			whole.Feed(stream)
			if got := payloads(drain(&whole)); !slices.Equal(got, test.want) {
				t.Errorf("fed at once: unexpected payloads %q", got)
			}
			var single Decoder
			var got []Frame
			for i := range stream {
				single.Feed(stream[i : i+1])
				got = append(got, drain(&single)...)
			}
			if !slices.Equal(payloads(got), test.want) {
				t.Errorf("fed byte by byte: unexpected payloads %q", payloads(got))
			}
		})
	}
}

func TestDecoderKeepsEveryField(t *testing.T) {
	want := frame("x")
	var d Decoder
	d.Feed(encode(want))
	got, ok := d.Next()
	if !ok || got.Kind != want.Kind || got.Channel != want.Channel || got.Stream != want.Stream || got.Session != want.Session {
		t.Errorf("got frame %+v, want all fields unchanged", got)
	}
}

func TestDecoderDropIncomplete(t *testing.T) {
	long := encode(frame(string(make([]byte, 1000))))
	var d Decoder
	d.Feed(long[:500])
	d.Feed(encode(frame("next")))
	if got := drain(&d); got != nil || !d.HasIncomplete() {
		t.Fatalf("got frames %q, want none but a pending one", payloads(got))
	}
	d.DropIncomplete()
	if got := payloads(drain(&d)); !slices.Equal(got, []string{"next"}) {
		t.Errorf("got frames %q, want only the next", got)
	}
}

// Headers with a false payload length must not each cause a checksum of MaxPayload bytes,
// either in a row or with valid frames between them.
func TestDecoderLimitsChecksums(t *testing.T) {
	header := Frame{Payload: make([]byte, MaxPayload)}.Append(nil)[:headerSize]
	for name, piece := range map[string][]byte{
		"headers only":             header,
		"headers and valid frames": append(bytes.Clone(header), encode(frame(""))...),
	} {
		t.Run(name, func(t *testing.T) {
			var d Decoder
			began := cpuTime(t)
			const times = 4 * MaxPayload / headerSize
			for piece := range slices.Chunk(bytes.Repeat(piece, times), 64<<10) {
				d.Feed(piece)
				drain(&d)
			}
			// Without a limit it would checksum 128 GB, which takes more than ten seconds.
			if took := cpuTime(t) - began; took > 3*time.Second {
				t.Errorf("%d headers took %v, want at most 3s", times, took)
			}
		})
	}
}

// cpuTime returns the CPU time of this process, which does not depend on other load.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("garbage"), uint(3))
	f.Add(encode(frame("a"), frame("b")), uint(40))
	f.Add(encode(frame("cut"))[:30], uint(1))
	f.Fuzz(func(t *testing.T, stream []byte, step uint) {
		var d Decoder
		for piece := range slices.Chunk(stream, int(step%4096)+1) {
			d.Feed(piece)
			for _, got := range drain(&d) {
				if len(got.Payload) > MaxPayload {
					t.Fatal("payload too long")
				}
			}
			if len(d.buf) > headerSize+MaxPayload {
				t.Fatalf("%d bytes are buffered, want at most one frame", len(d.buf))
			}
		}
		// After incomplete frames have been dropped, a frame that follows must be found.
		d.Feed(encode(frame("last")))
		var last []Frame
		for {
			last = append(last, drain(&d)...)
			if !d.HasIncomplete() {
				break
			}
			d.DropIncomplete()
		}
		if len(last) == 0 || string(last[len(last)-1].Payload) != "last" {
			if !bytes.Contains(stream, frameMark[:]) {
				t.Fatal("the last frame is lost")
			}
		}
	})
}
