package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"vmterminal/app/ondisk/guard"
	"vmterminal/app/torture/usecase"
)

// A subject is a process that does use cases: while the power is cut, and after
// it. Not for use by several goroutines.
type subject struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	ask     *json.Encoder
	answers *json.Decoder
}

// start starts a subject; drop is the guard it goes without, if any.
func start(t *testing.T, drop guard.Guard) *subject {
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
	s.ask, s.answers = json.NewEncoder(s.in), json.NewDecoder(out)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	return s
}

// do returns when the subject says that a use case is done.
func (s *subject) do(home string, words ...string) error {
	_, err := s.answer(usecase.Question{Home: home, Words: words})
	if err != nil {
		return fmt.Errorf("%.80q: %w", words, err)
	}
	return nil
}

// look returns what a home holds.
func (s *subject) look(home string) (world, error) {
	return s.answer(usecase.Question{Home: home})
}

func (s *subject) answer(q usecase.Question) (world, error) {
	if err := s.ask.Encode(q); err != nil {
		return nil, err
	}
	var a usecase.Answer
	if err := s.answers.Decode(&a); err != nil {
		return nil, fmt.Errorf("the subject does not answer: %w", err)
	}
	if a.Failed != "" {
		return nil, errors.New(a.Failed)
	}
	return a.World, nil
}

// end lets the subject come to its end. It may be called again.
func (s *subject) end() {
	s.in.Close()
	_ = s.cmd.Wait() // that it has ended is enough
}
