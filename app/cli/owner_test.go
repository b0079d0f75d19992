package cli

import (
	"bytes"
	"os"
	"testing"

	"vmterminal/app"
	"vmterminal/app/problem"
	"vmterminal/vm/home"
)

// TestRootInAnotherUsersStore runs commands as 'sudo -E' does, and checks that those that use
// the store are refused and create nothing in it.
func TestRootInAnotherUsersStore(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can change the owner of a folder")
	}
	root := t.TempDir()
	if err := os.Chown(root, 65534, -1); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"status"}, problem.ExitFailure},
		{[]string{"vm", "create", "dev"}, problem.ExitFailure},
		{[]string{"snapshot", "list"}, problem.ExitFailure},
		{[]string{"version"}, 0},
		{[]string{"vm", "--help"}, 0},
	} {
		var out, errs bytes.Buffer
		svc := app.New(app.Options{Home: home.Dir(root)})
		exit := Run(svc, c.args, Streams{In: os.Stdin, Out: &out, Err: &errs})
		if refused := bytes.Contains(errs.Bytes(), []byte("belongs to another user")); exit != c.want || refused != (c.want != 0) {
			t.Errorf("%q: got exit code %d, want %d (refused unless 0): %s", c.args, exit, c.want, errs.String())
		}
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("files in the store: got %v, error %v; want none", left, err)
	}
}
