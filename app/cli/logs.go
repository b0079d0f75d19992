package cli

import (
	"bytes"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func logsCommand(r *runner) *cobra.Command {
	var follow, supervisor bool
	var lines int
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the console output of a VM",
		Long: `Logs prints the recent console output of a VM, running or stopped. On a terminal,
control sequences are removed.`,
		Example: `  vmterminal logs --lines 50
  vmterminal logs -f --vm dev
  vmterminal logs --supervisor             # messages from QEMU and the supervisor`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lines < 0 {
				return usagef(cmd, "--lines must not be negative")
			}
			if follow && supervisor {
				return usagef(cmd, "--follow and --supervisor cannot be combined: only a console can be followed")
			}
			if r.json {
				return usagef(cmd, "logs produces no JSON")
			}
			out := logWriter(r.printer)
			text, err := logText(r, cmd, supervisor)
			if err != nil {
				return err
			}
			if _, err := out.Write(lastLines(text, lines)); err != nil || !follow {
				return err
			}
			return followConsole(r, cmd, out)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "follow the output until the VM stops")
	cmd.Flags().IntVarP(&lines, "lines", "n", 0, "show only the last `N` lines (default: all that is stored)")
	cmd.Flags().BoolVar(&supervisor, "supervisor", false, "show the log of the VM's supervisor instead")
	return addVMFlag(r, cmd)
}

func logText(r *runner, cmd *cobra.Command, supervisor bool) ([]byte, error) {
	if supervisor {
		return r.svc.SupervisorLog(cmd.Context(), r.vm)
	}
	return r.svc.LastConsole(cmd.Context(), r.vm)
}

// followConsole prints new console output until the VM stops.
func followConsole(r *runner, cmd *cobra.Command, out io.Writer) error {
	con, err := r.svc.LiveConsole(cmd.Context(), r.vm)
	if errors.Is(err, app.ErrStopped) {
		return nil
	}
	if err != nil {
		return err
	}
	defer con.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(out, con)
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-cmd.Context().Done():
		return cmd.Context().Err()
	}
}

// logWriter returns a writer to standard output that sanitizes text if standard output is a
// terminal.
func logWriter(p *printer) io.Writer {
	if _, ok := asTerminal(p.io.Out); ok {
		return &sanitizer{to: p.stdout()}
	}
	return p.stdout()
}

// lastLines returns the last n lines of text, or all of it if n is 0.
func lastLines(text []byte, n int) []byte {
	if n == 0 {
		return text
	}
	at := len(bytes.TrimSuffix(text, []byte("\n")))
	for range n {
		if at = bytes.LastIndexByte(text[:at], '\n'); at < 0 {
			return text
		}
	}
	return text[at+1:]
}
