package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot/durable/guard"
)

// A subject is a process that runs use cases, during and after a power cut. It is not safe for
// concurrent use.
type subject struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	requests  *json.Encoder
	responses *json.Decoder
}

// startSubject starts a subject. If drop is not "", that guard is removed.
func startSubject(t *testing.T, drop guard.Guard) *subject {
	t.Helper()
	program := subjectGuarded
	if drop != "" {
		program = subjectUnguarded
	}
	s := &subject{cmd: exec.Command(program)}
	s.cmd.Env = append(os.Environ(), guard.EnvDrop+"="+string(drop))
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.requests, s.responses = json.NewEncoder(s.in), json.NewDecoder(out)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// run runs a use case and returns when the subject reports its result.
func (s *subject) run(home string, words ...string) error {
	_, err := s.request(usecase.Request{Home: home, Words: words})
	if err != nil {
		return fmt.Errorf("%.80q: %w", words, err)
	}
	return nil
}

// inspect returns the contents of a store.
func (s *subject) inspect(home string) (world, error) {
	return s.request(usecase.Request{Home: home})
}

func (s *subject) request(q usecase.Request) (world, error) {
	if err := s.requests.Encode(q); err != nil {
		return nil, err
	}
	var a usecase.Response
	if err := s.responses.Decode(&a); err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	return a.World, nil
}

// stop makes the subject exit. It may be called more than once.
func (s *subject) stop() {
	s.in.Close()
	_ = s.cmd.Wait() // its exit status does not matter
}
