package supervisor

import (
	"errors"
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

func TestExecForegroundQuery(t *testing.T) {
	asked := make(chan agent.ForegroundQuery)
	ended := make(chan error, 1)
	c := execClient(t, newFakeAgent())
	go func() {
		_, err := c.Exec(t.Context(), agent.Command{
			Args: []string{"answer"}, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}, ForegroundQueries: asked},
		})
		ended <- err
	}()
	program, err := queryForeground(asked)
	for errors.Is(err, agent.ErrUnsupported) { // the other side has not announced its support yet
		program, err = queryForeground(asked)
	}
	if program != "vim" || err != nil {
		t.Errorf("got program %q, %v, want %q", program, err, "vim")
	}
	if _, err := queryForeground(asked); err == nil || err.Error() != agent.ErrUnsupported.Error() {
		t.Errorf("unsupported: got %v, want %v", err, agent.ErrUnsupported)
	}
	if _, err := queryForeground(asked); err == nil {
		t.Error("a query after the command has exited succeeded")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
