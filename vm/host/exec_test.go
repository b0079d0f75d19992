package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"vmterminal/vm/agent"
)

// execPair joins the client's half of a guest command with the server's, and a
// fake agent behind it.
func execPair(t *testing.T, f *fakeAgent) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer server.Close()
		out := &frameWriter{w: server}
		exit, err := execFor(ctx, cancel, f, server, out)
		result := execResult{Exit: exit}
		if err != nil {
			result.Error = toRemote(err)
		}
		_ = out.sendJSON(frameFinished, result)
	}()
	t.Cleanup(func() {
		client.Close()
		cancel()
		<-done
	})
	return client
}

func TestExecCarriesStreamsAndExitCode(t *testing.T) {
	input := make([]byte, 300<<10)
	for i := range input {
		input[i] = byte(rand.Uint32())
	}
	var stdout, stderr bytes.Buffer
	exit, err := execOver(execPair(t, newFakeAgent()), agent.Command{
		Args: []string{"fail"}, Stdin: bytes.NewReader(input), Stdout: &stdout, Stderr: &stderr,
	})
	if exit != 3 || err != nil {
		t.Errorf("exit %d, %v", exit, err)
	}
	if !bytes.Equal(stdout.Bytes(), input) {
		t.Errorf("%d bytes came back of %d", stdout.Len(), len(input))
	}
	if stderr.String() != "no such luck" {
		t.Errorf("stderr %q", stderr.String())
	}
}

func TestExecRefused(t *testing.T) {
	_, err := execOver(execPair(t, newFakeAgent()), agent.Command{Args: []string{"refuse"}})
	if err == nil || !strings.Contains(err.Error(), agent.ErrNotFound.Error()) {
		t.Errorf("err = %v", err)
	}
}

func TestExecEndsWhenTheClientLeaves(t *testing.T) {
	f := newFakeAgent()
	conn := execPair(t, f)
	go func() { _, _ = execOver(conn, agent.Command{Args: []string{"hang"}}) }()
	if got := <-f.told; got != "hang" {
		t.Fatal(got)
	}
	conn.Close()
	if got := <-f.told; got != "ended" {
		t.Fatal(got)
	}
}

// A command that never reads its input is ended all the same.
func TestExecEndsWhenTheClientLeavesADeafCommand(t *testing.T) {
	f := newFakeAgent()
	conn := execPair(t, f)
	left := make(chan struct{})
	input := &endless{second: make(chan struct{})}
	go func() {
		defer close(left)
		_, _ = execOver(conn, agent.Command{Args: []string{"deaf"}, Stdin: input})
	}()
	f.expect(t, "deaf")
	<-input.second // the first is with the server, which cannot pass it on
	conn.Close()
	f.expect(t, "ended")
	<-left
}

// endless is input without end; second is closed when it is read again.
type endless struct {
	reads  int
	second chan struct{}
}

func (e *endless) Read(p []byte) (int, error) {
	if e.reads++; e.reads == 2 {
		close(e.second)
	}
	return len(p), nil
}

func TestExecFailingWriter(t *testing.T) {
	boom := errors.New("boom")
	_, err := execOver(execPair(t, newFakeAgent()), agent.Command{
		Args: []string{"x"}, Stdin: strings.NewReader("text"), Stdout: failingWriter{boom},
	})
	if !errors.Is(err, boom) {
		t.Errorf("err = %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("o\x00\x00\x00\x02hi"))
	f.Add([]byte("o\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var buf [maxFrame]byte
		r := bytes.NewReader(data)
		for {
			_, content, err := readFrame(r, &buf)
			if err != nil {
				return
			}
			if len(content) > len(data) {
				t.Fatalf("%d bytes of content from %d", len(content), len(data))
			}
		}
	})
}

// The server's half survives whatever a client sends.
func FuzzExecFor(f *testing.F) {
	f.Add([]byte("c\x00\x00\x00\x0d{\"args\":[\"x\"]}"))
	f.Add([]byte("c\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, _ = execFor(ctx, cancel, newFakeAgent(), bytes.NewReader(data), &frameWriter{w: io.Discard})
	})
}

// FuzzExecOver: the client's half survives whatever comes back, and what it
// takes for the result is one.
func FuzzExecOver(f *testing.F) {
	f.Add([]byte("o\x00\x00\x00\x02hie\x00\x00\x00\x00f\x00\x00\x00\x0a{\"exit\":3}"))
	f.Add([]byte("f\x00\x00\x00\x02[]"))
	f.Add([]byte("f\x00\x00\x00\x0e{\"error\":{}}xx"))
	f.Fuzz(func(t *testing.T, answers []byte) {
		var out, errs bytes.Buffer
		exit, err := execOver(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(answers), io.Discard}, agent.Command{Args: []string{"x"}, Stdout: &out, Stderr: &errs})
		if err != nil && exit != 0 {
			t.Errorf("exit code %d beside %v", exit, err)
		}
		if out.Len()+errs.Len() > len(answers) {
			t.Errorf("%d bytes of output from %d", out.Len()+errs.Len(), len(answers))
		}
	})
}

func TestExecOnATerminal(t *testing.T) {
	f := newFakeAgent()
	sizes := make(chan agent.Size, 1)
	exited := make(chan int, 1)
	go func() {
		exit, err := execOver(execPair(t, f), agent.Command{
			Terminal: &agent.Terminal{Size: agent.Size{Columns: 100, Rows: 30}, Resized: sizes},
		})
		if err != nil {
			t.Error(err)
		}
		exited <- exit
	}()
	if got := <-f.told; got != "[] {100 30}" {
		t.Error(got)
	}
	sizes <- agent.Size{Columns: 500, Rows: 2}
	if got := <-f.told; got != "{500 2}" {
		t.Error(got)
	}
	if exit := <-exited; exit != 9 {
		t.Error(exit)
	}
}

// Of sizes that the guest has not taken yet, the last counts.
func TestSizesAreOvertaken(t *testing.T) {
	sizes := make(chan agent.Size, 1)
	for n := uint16(1); n <= 3; n++ {
		overtake(sizes, agent.Size{Columns: n, Rows: n})
	}
	if got := <-sizes; got != (agent.Size{Columns: 3, Rows: 3}) {
		t.Error(got)
	}
}
