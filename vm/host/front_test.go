package host

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"testing"

	"vmterminal/vm/agent"
)

// question asks for the program in front, and waits for the answer.
func question(asked chan<- agent.Question) (program string, err error) {
	told := make(chan struct{})
	asked <- func(p string, e error) {
		program, err = p, e
		close(told)
	}
	<-told
	return program, err
}

func TestExecTellsTheProgramInFront(t *testing.T) {
	asked := make(chan agent.Question)
	ended := make(chan error, 1)
	conn := execPair(t, newFakeAgent())
	go func() {
		_, err := execOver(conn, agent.Command{
			Args: []string{"answer"}, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}, Asked: asked},
		})
		ended <- err
	}()
	program, err := question(asked)
	for errors.Is(err, agent.ErrUnsupported) { // the other side has not said yet that it answers
		program, err = question(asked)
	}
	if program != "vim" || err != nil {
		t.Errorf("in front is %q, %v", program, err)
	}
	if _, err := question(asked); err == nil || err.Error() != agent.ErrUnsupported.Error() {
		t.Errorf("a guest that cannot tell: %v", err)
	}
	if _, err := question(asked); err == nil {
		t.Error("a command that has ended was answered")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What runs a VM since before there were such questions takes one for an error,
// and would end the command.
func TestOlderHostProcessIsNotAsked(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	asked, typed := make(chan agent.Question), make(chan string, 10)
	go func() {
		defer server.Close()
		var buf [maxFrame]byte
		for {
			what, content, err := readFrame(server, &buf)
			if err != nil {
				return
			}
			typed <- string(what) + string(content)
			if what == frameStdin {
				result, _ := json.Marshal(execResult{Exit: 4})
				_ = (&frameWriter{w: server}).send(frameFinished, result)
			}
		}
	}()
	input, typing := io.Pipe()
	exit := make(chan int, 1)
	go func() {
		code, _ := execOver(client, agent.Command{
			Stdin: input, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}, Asked: asked},
		})
		exit <- code
	}()
	<-typed // what to run
	if _, err := question(asked); !errors.Is(err, agent.ErrUnsupported) {
		t.Errorf("it was asked: %v", err)
	}
	_, _ = io.WriteString(typing, "x")
	if got := <-typed; got != "ix" {
		t.Errorf("it got %q", got)
	}
	if code := <-exit; code != 4 {
		t.Errorf("exit code %d", code)
	}
}
