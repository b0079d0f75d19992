package supervisor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"vmterminal/vm/agent"
	"vmterminal/vm/supervisor/client"
)

// execClient returns a client for a machine whose guest has the fake agent f.
func execClient(t *testing.T, f *fakeAgent) *client.Client {
	t.Helper()
	m, c, _ := newMachineWithoutQEMU(t)
	m.agent.setAgent(f, fakeInfo)
	new(fakeMonitor).connect(t, m) // exec checks that QEMU answers
	return c
}

func TestExecCarriesStreamsAndExitCode(t *testing.T) {
	input := make([]byte, 300<<10)
	for i := range input {
		input[i] = byte(rand.Uint32())
	}
	var stdout, stderr bytes.Buffer
	exit, err := execClient(t, newFakeAgent()).Exec(t.Context(), agent.Command{
		Args: []string{"fail"}, Stdin: bytes.NewReader(input), Stdout: &stdout, Stderr: &stderr,
	})
	if exit != 3 || err != nil {
		t.Errorf("got exit code %d, error %v; want 3, nil", exit, err)
	}
	if !bytes.Equal(stdout.Bytes(), input) {
		t.Errorf("got %d bytes of output, want the %d bytes of input", stdout.Len(), len(input))
	}
	if stderr.String() != "no such luck" {
		t.Errorf("stderr %q, want %q", stderr.String(), "no such luck")
	}
}

func TestExecCarriesLongArgument(t *testing.T) {
	args := []string{"print", strings.Repeat("x", 900<<10)}
	var stdout bytes.Buffer
	_, err := execClient(t, newFakeAgent()).Exec(t.Context(), agent.Command{Args: args, Stdout: &stdout})
	if err != nil || !strings.Contains(stdout.String(), args[1]) {
		t.Errorf("got %d bytes of output, error %v; want output that contains the argument of %d bytes", stdout.Len(), err, len(args[1]))
	}
	args[1] = strings.Repeat("x", client.MaxCommand)
	if _, err := execClient(t, newFakeAgent()).Exec(t.Context(), agent.Command{Args: args}); !errors.Is(err, agent.ErrNotExecutable) {
		t.Errorf("arguments too long: got %v, want %v", err, agent.ErrNotExecutable)
	}
}

func TestExecCarriesAnyBytes(t *testing.T) {
	var stdout bytes.Buffer
	exit, err := execClient(t, newFakeAgent()).Exec(t.Context(), agent.Command{
		Args: []string{"print", "l\xe4tin", "\ufffd"}, Env: []string{"A=\xff"}, Dir: "/\xe4", Stdout: &stdout,
	})
	const want = `["print" "l\xe4tin" "\ufffd"] ["A=\xff"] "/\xe4"`
	if exit != 0 || err != nil || stdout.String() != want {
		t.Errorf("got exit code %d, error %v, output %s; want output %s", exit, err, stdout.String(), want)
	}
}

func TestExecNotFound(t *testing.T) {
	_, err := execClient(t, newFakeAgent()).Exec(t.Context(), agent.Command{Args: []string{"refuse"}})
	if err == nil || !strings.Contains(err.Error(), agent.ErrNotFound.Error()) {
		t.Errorf("got error %v, want the text of ErrNotFound", err)
	}
}

func TestExecEndsWhenClientDisconnects(t *testing.T) {
	f := newFakeAgent()
	c := execClient(t, f)
	ctx, disconnect := context.WithCancel(t.Context())
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		_, _ = c.Exec(ctx, agent.Command{Args: []string{"hang"}})
	}()
	f.expect(t, "hang")
	disconnect()
	f.expect(t, "ended")
	<-returned
}

// The disconnect is detected even if the command never reads its input.
func TestExecEndsWhenClientDisconnectsWithUnreadInput(t *testing.T) {
	f := newFakeAgent()
	c := execClient(t, f)
	ctx, disconnect := context.WithCancel(t.Context())
	returned := make(chan struct{})
	input := &endlessReader{secondRead: make(chan struct{})}
	go func() {
		defer close(returned)
		_, _ = c.Exec(ctx, agent.Command{Args: []string{"deaf"}, Stdin: input})
	}()
	f.expect(t, "deaf")
	<-input.secondRead // the server has the first block, which the command does not read
	disconnect()
	f.expect(t, "ended")
	<-returned
}

// endlessReader is an input that never ends. The second call to Read closes secondRead.
type endlessReader struct {
	reads      int
	secondRead chan struct{}
}

func (e *endlessReader) Read(p []byte) (int, error) {
	if e.reads++; e.reads == 2 {
		close(e.secondRead)
	}
	return len(p), nil
}

func TestExecFailingWriter(t *testing.T) {
	boom := errors.New("boom")
	_, err := execClient(t, newFakeAgent()).Exec(t.Context(), agent.Command{
		Args: []string{"x"}, Stdin: strings.NewReader("text"), Stdout: failingWriter{boom},
	})
	if !errors.Is(err, boom) {
		t.Errorf("err = %v, want error %v", err, boom)
	}
}

// If reading standard input fails, the command fails. It must neither see truncated
// input nor hang.
func TestExecFailingInput(t *testing.T) {
	boom := errors.New("boom")
	f := newFakeAgent()
	_, err := execClient(t, f).Exec(t.Context(), agent.Command{Args: []string{"cat"}, Stdin: io.MultiReader(strings.NewReader("text"), iotest.ErrReader(boom))})
	if !errors.Is(err, boom) {
		t.Errorf("err = %v, want error %v", err, boom)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// The server must handle any data from a client.
func FuzzRunGuestCommand(f *testing.F) {
	f.Add([]byte("c\x00\x00\x00\x0d{\"args\":[\"x\"]}"))
	f.Add([]byte("c\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, _ = readAndExec(ctx, cancel, newFakeAgent(), bytes.NewReader(data), client.NewFrameWriter(io.Discard))
	})
}

func TestExecOnATerminal(t *testing.T) {
	f := newFakeAgent()
	sizes := make(chan agent.Size, 1)
	exited := make(chan int, 1)
	c := execClient(t, f)
	go func() {
		exit, err := c.Exec(t.Context(), agent.Command{
			Terminal: &agent.Terminal{Size: agent.Size{Columns: 100, Rows: 30}, Resized: sizes},
		})
		if err != nil {
			t.Error(err)
		}
		exited <- exit
	}()
	f.expect(t, "[] {100 30}")
	sizes <- agent.Size{Columns: 500, Rows: 2}
	f.expect(t, "{500 2}")
	if exit := <-exited; exit != 9 {
		t.Errorf("got exit code %d, want 9", exit)
	}
}

func TestReplaceSize(t *testing.T) {
	sizes := make(chan agent.Size, 1)
	for n := uint16(1); n <= 3; n++ {
		replaceSize(sizes, agent.Size{Columns: n, Rows: n})
	}
	if got := <-sizes; got != (agent.Size{Columns: 3, Rows: 3}) {
		t.Errorf("got size %v, want {3 3}", got)
	}
}

func readAndExec(ctx context.Context, gone func(), guest guestAgent, in io.Reader, out *client.FrameWriter) (int, error) {
	ask, err := readExecRequest(in)
	if err != nil {
		return 0, err
	}
	return runGuestCommand(ctx, gone, guest, ask, in, out)
}
