package window

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"vmterminal/app"
	"vmterminal/app/job"
)

// jobWindow opens a window with a job that, once canceled, waits for a line on standard
// input before it ends.
func jobWindow() {
	svc := &fakeService{}
	var once sync.Once
	svc.vmsRead = func() { once.Do(func() { fmt.Println("open") }) }
	job.Run(&svc.jobs, job.Snapshot, job.Subject{VM: "dev", Name: "one"}, func(ctx context.Context, _ job.Meter) (app.Snapshot, error) {
		<-ctx.Done()
		fmt.Println("canceled")
		_, err := bufio.NewReader(os.Stdin).ReadString('\n')
		fmt.Println("cleaned up", err)
		return app.Snapshot{}, ctx.Err()
	})
	if err := Run(svc, "test"); err != nil {
		fmt.Println(err)
	}
}

// TestSignalsEndJobsCleanly closes the window with each signal that desktops and terminals
// send.
func TestSignalsEndJobsCleanly(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			d := newRealDisplay(t)
			// The test itself may have been started with SIGHUP ignored, as by nohup.
			cmd := exec.Command("env", "--default-signal=HUP", os.Args[0])
			cmd.Env = append([]string{windowEnv + "=job", "PATH=" + os.Getenv("PATH")}, d.env...)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			startReal(t, cmd)
			said := bufio.NewScanner(out)
			next := func(want string) {
				t.Helper()
				if !said.Scan() || said.Text() != want {
					t.Fatalf("output: got %q, %v; want %q", said.Text(), said.Err(), want)
				}
			}
			next("open")
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			next("canceled")
			if _, err := io.WriteString(in, "go on\n"); err != nil {
				t.Fatal(err)
			}
			next("cleaned up <nil>")
			if rest := lines(out); len(rest) > 0 {
				t.Errorf("unexpected output %q", strings.Join(rest, "\n"))
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("exit of the program: got %v, want nil", err)
			}
		})
	}
}
