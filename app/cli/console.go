package cli

import (
	"bytes"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) consoleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Attach this terminal to a running VM's console; Ctrl+] detaches",
		Example: `  vmterminal console
  vmterminal console --vm dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, in := terminal(f.io.In)
			_, out := terminal(f.io.Out)
			if !in || !out {
				return usagef(cmd, "a console needs a terminal here; 'vmterminal logs' shows its text, 'vmterminal exec' runs commands")
			}
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			return f.attach(cmd.Context(), v.Name)
		},
	}
	return f.wantVM(cmd)
}

func (f *face) logsCommand() *cobra.Command {
	var follow, host bool
	var lines int
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show what a VM's console showed, also of one that is off",
		Long: `Logs writes the end of what a VM's console showed. On a terminal, what the guest
could do to it is left out.`,
		Example: `  vmterminal logs --lines 50
  vmterminal logs -f --vm dev
  vmterminal logs --host             # what QEMU and the host process had to say`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lines < 0 {
				return usagef(cmd, "--lines must not be negative")
			}
			if follow && host {
				return usagef(cmd, "only a console can be followed: --follow or --host")
			}
			if f.json {
				return usagef(cmd, "a console's text is no JSON")
			}
			out := f.logWriter()
			text, err := f.logText(cmd, host)
			if err != nil {
				return err
			}
			if _, err := out.Write(lastLines(text, lines)); err != nil || !follow {
				return err
			}
			return f.followConsole(cmd, out)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what comes, until the VM is off")
	cmd.Flags().IntVarP(&lines, "lines", "n", 0, "only that many of the last lines (default: all that is kept)")
	cmd.Flags().BoolVar(&host, "host", false, "the log of the VM's host process instead")
	return f.wantVM(cmd)
}

func (f *face) logText(cmd *cobra.Command, host bool) ([]byte, error) {
	if host {
		return f.svc.HostLog(cmd.Context(), f.vm)
	}
	return f.svc.LastConsole(cmd.Context(), f.vm)
}

// followConsole shows what comes from now on.
func (f *face) followConsole(cmd *cobra.Command, out io.Writer) error {
	con, err := f.svc.LiveConsole(cmd.Context(), f.vm)
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

// logWriter is standard output; a terminal gets nothing of what could work on it.
func (f *face) logWriter() io.Writer {
	if _, ok := terminal(f.io.Out); ok {
		return &harmless{to: f.io.Out}
	}
	return f.io.Out
}

// lastLines returns the last n lines of a text; all of it for 0.
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
