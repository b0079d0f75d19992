package client

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"testing"

	"vmterminal/vm/agent"
)

// queryForeground queries the foreground program and waits for the answer.
func queryForeground(queries chan<- agent.ForegroundQuery) (program string, err error) {
	answered := make(chan struct{})
	queries <- func(p string, e error) {
		program, err = p, e
		close(answered)
	}
	<-answered
	return program, err
}

// Supervisors of earlier versions would reject a query and end the command.
func TestForegroundQueryWithOlderSupervisor(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	asked, typed := make(chan agent.ForegroundQuery), make(chan string, 10)
	go func() {
		defer server.Close()
		var buf [MaxFrame]byte
		for {
			what, content, err := ReadFrame(server, buf[:])
			if err != nil {
				return
			}
			typed <- string(what) + string(content)
			if what == FrameStdin {
				result, _ := json.Marshal(ExecResult{Exit: 4})
				_ = NewFrameWriter(server).Send(FrameFinished, result)
			}
		}
	}()
	input, typing := io.Pipe()
	exit := make(chan int, 1)
	go func() {
		code, _ := runExec(client, agent.Command{
			Stdin: input, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}, ForegroundQueries: asked},
		})
		exit <- code
	}()
	<-typed // the command
	if _, err := queryForeground(asked); !errors.Is(err, agent.ErrUnsupported) {
		t.Errorf("query: got %v, want %v", err, agent.ErrUnsupported)
	}
	_, _ = io.WriteString(typing, "x")
	if got := <-typed; got != "ix" {
		t.Errorf("got frame %q, want %q", got, "ix")
	}
	if code := <-exit; code != 4 {
		t.Errorf("exit code %d, want 4", code)
	}
}
