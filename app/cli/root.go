// Package cli is the commands: every feature of the Service for a terminal and
// for scripts. Data goes to standard output, everything else to standard error.
// It knows the Service and nothing behind it.
package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

// Streams is where a command reads and writes. In, Out and Err may be files;
// then a terminal among them gets bars and raw mode.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// face is what every command is given.
type face struct {
	svc  *app.Service
	io   Streams
	vm   string // --vm
	json bool   // --json
	wait bool   // --wait

	answered bool  // the JSON document of the result is written
	followed bool  // a job was followed: lines of JSON say what they are
	lost     error // why standard output did not take all

	page *bytes.Buffer // a result's text until it is whole, for one write; or nil
}

// Run runs one command line (without the program's name) and returns its exit
// code. SIGINT and SIGTERM end it cleanly once, at once the second time.
func Run(svc *app.Service, args []string, streams Streams) int {
	ctx, stop := interruptible()
	defer stop()
	f := &face{svc: svc, io: streams}
	root := f.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Canceled, err)
	}
	// An argument that is not understood keeps the flags after it unread.
	f.json = f.json || wantsJSON(args) && errors.As(err, new(usageError))
	return f.fail(err)
}

// Commands returns the tree of commands, for what documents them.
func Commands(svc *app.Service) *cobra.Command { return (&face{svc: svc}).root() }

func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json")
}

// interruptible returns a context that the first signal ends; the second ends
// the process.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel()
		if _, ok := <-signals; ok {
			os.Exit(app.ExitInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

func (f *face) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vmterminal",
		Short: "Linux VMs that you can break and have back in seconds",
		Long: `VMTerminal keeps Linux VMs on this computer, and snapshots of their disks.
Without arguments it opens its window.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 wrong state or busy,
5 damaged, 6 no space left, 130 interrupted. Exec and shell end with the exit code
of the guest's command. Colours are for terminals; NO_COLOR=1 asks for none.`,
		Example: `  vmterminal vm create default
  vmterminal run
  vmterminal snapshot create before-upgrade -d "Before system upgrade"
  vmterminal stop
  vmterminal snapshot restore before-upgrade`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       f.svc.Version(),
	}
	root.SetVersionTemplate("vmterminal {{.Version}}\n")
	root.SetIn(f.io.In)
	root.SetOut(f.io.Out)
	root.SetErr(f.io.Err)
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(unknownFlag)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.PersistentFlags().BoolVar(&f.json, "json", false, "write JSON to standard output")
	root.PersistentFlags().BoolVar(&f.wait, "wait", false, "wait while another job works on the VM, instead of failing")
	root.PersistentPreRun = func(*cobra.Command, []string) {
		if f.wait {
			f.svc.WaitForJobs(func(line string) { f.say("%s", line) })
		}
	}
	root.AddCommand(
		f.vmCommand(),
		f.runCommand(), f.shellCommand(), f.execCommand(), f.stopCommand(), f.statusCommand(),
		f.pauseCommand(), f.resumeCommand(), f.consoleCommand(), f.logsCommand(), f.tryCommand(), f.cpCommand(), f.sshCommand(), f.pkgCommand(),
		f.snapshotCommand(), f.imageCommand(), f.jobCommand(), f.storageCommand(),
		f.configCommand(), f.doctorCommand(), f.completionCommand(), f.versionCommand(),
		f.hostProcessCommand(),
	)
	wrapArgs(root)
	return root
}

// wantVM adds --vm to a command and its children.
func (f *face) wantVM(cmd *cobra.Command) *cobra.Command {
	cmd.PersistentFlags().StringVar(&f.vm, "vm", "", "the VM `NAME` (default: the active one)")
	_ = cmd.RegisterFlagCompletionFunc("vm", f.completeVMFlag) // fails only for a flag that is not there
	return cmd
}

// wantQuiet adds -q to a command that lists.
func (f *face) wantQuiet(cmd *cobra.Command, quiet *bool, what string) {
	cmd.Flags().BoolVarP(quiet, "quiet", "q", false, "only the names of "+what)
}

// usageError is a command line that was not understood.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

// wrongArgs says what a command takes, in the words of its help.
func wrongArgs(cmd *cobra.Command, args []string) error {
	usage := cmd.Parent().CommandPath() + " " + cmd.Use
	switch len(args) {
	case 0:
		return usagef(cmd, "it goes '%s'", usage)
	case 1:
		return usagef(cmd, "it goes '%s', and got %q", usage, args[0])
	default:
		return usagef(cmd, "it goes '%s', and got %d arguments", usage, len(args))
	}
}

// wrapArgs makes complaints about a command's arguments usage errors, and
// refuses unknown subcommands.
func wrapArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	if cmd.HasSubCommands() {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if cmd.HasSubCommands() && len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		err := check(cmd, args)
		if err != nil && !errors.As(err, new(usageError)) {
			return wrongArgs(cmd, args) // Cobra's own words are for programmers
		}
		return err
	}
	for _, c := range cmd.Commands() {
		wrapArgs(c)
	}
}
