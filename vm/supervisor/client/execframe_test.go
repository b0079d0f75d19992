package client

import (
	"bytes"
	"io"
	"testing"

	"vmterminal/vm/agent"
)

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("o\x00\x00\x00\x02hi"))
	f.Add([]byte("o\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var buf [MaxFrame]byte
		r := bytes.NewReader(data)
		for {
			_, content, err := ReadFrame(r, buf[:])
			if err != nil {
				return
			}
			if len(content) > len(data) {
				t.Fatalf("got %d bytes of content, want at most the %d bytes of data", len(content), len(data))
			}
		}
	})
}

// The client must handle any data from the server.
func FuzzRunExec(f *testing.F) {
	f.Add([]byte("o\x00\x00\x00\x02hie\x00\x00\x00\x00f\x00\x00\x00\x0a{\"exit\":3}"))
	f.Add([]byte("f\x00\x00\x00\x02[]"))
	f.Add([]byte("f\x00\x00\x00\x0e{\"error\":{}}xx"))
	f.Fuzz(func(t *testing.T, answers []byte) {
		var out, errs bytes.Buffer
		exit, err := runExec(struct {
			io.Reader
			io.Writer
			io.Closer
		}{bytes.NewReader(answers), io.Discard, io.NopCloser(nil)}, agent.Command{Args: []string{"x"}, Stdout: &out, Stderr: &errs})
		if err != nil && exit != 0 {
			t.Errorf("got exit code %d with error %v, want 0", exit, err)
		}
		if out.Len()+errs.Len() > len(answers) {
			t.Errorf("got %d bytes of output, want at most the %d bytes of data", out.Len()+errs.Len(), len(answers))
		}
	})
}
