// Package cli is the front end for terminals and scripts. It has a Cobra command for every
// feature of [app.Service]. Results go to standard output, everything else to standard error.
// From below the Service, it imports only package durable and the screen model, which filters a
// guest's output.
package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// Streams holds the standard streams of a command. Streams that are terminals are used for
// progress bars, questions and raw mode.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// LogLevel is the level of the Service's log on Err, which --debug sets. It may be nil.
	LogLevel *slog.LevelVar
}

// runner holds the state that the commands of one command line share.
type runner struct {
	*printer
	svc   *app.Service
	notes notes // printed when the command ends

	vm     string // --vm
	wait   bool   // --wait
	filter bool   // --filter
}

// Run runs the command line in args, which excludes the program's name, and returns its exit
// code. SIGINT, SIGTERM and SIGHUP cancel it cleanly; a second SIGINT or SIGTERM exits at once.
// A closed standard error is ignored. A closed standard output ends the command without a
// message, like SIGPIPE.
func Run(svc *app.Service, args []string, streams Streams) int {
	ctx, stop := app.InterruptibleContext()
	defer stop()
	// Without this, the first write to a closed pipe would end the program, even during a job.
	brokenPipe := make(chan os.Signal, 1)
	signal.Notify(brokenPipe, syscall.SIGPIPE)
	defer signal.Stop(brokenPipe)
	r := &runner{printer: &printer{io: streams}, svc: svc}
	svc.WatchNotes(r.notes.add)
	root := rootCommand(r)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = r.writeErr
	}
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Canceled, err)
	}
	if _, ok := cmd.Annotations[guestCommand]; ok && err != nil {
		if errors.Is(context.Cause(ctx), app.ErrHangup) {
			return problem.ExitInterrupted // the terminal closed, or the ssh that uses this command as its proxy exited
		}
		err = &guestCommandFailure{err}
	}
	// If an argument is invalid, the flags have not been parsed.
	r.json = r.json || wantsJSON(args) && errors.As(err, new(usageError))
	r.notes.mu.Lock()
	defer r.notes.mu.Unlock()
	for _, n := range r.notes.lines {
		r.infof("Note: %s", n)
	}
	return r.reportError(err)
}

// notes collects notes from the Service, without duplicates. It is safe for concurrent use.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(note problem.Note) {
	line := renderNote(note)
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.lines, line) {
		n.lines = append(n.lines, line)
	}
}

// Commands returns the tree of commands, for generating documentation.
func Commands(svc *app.Service) *cobra.Command {
	r := &runner{printer: &printer{}, svc: svc}
	return rootCommand(r)
}

func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json")
}

func rootCommand(r *runner) *cobra.Command {
	var debug bool
	root := &cobra.Command{
		Use:   ProgramName(),
		Short: "Linux VMs you can break and restore in seconds",
		Long: `VMTerminal runs Linux VMs on this computer and takes snapshots of their disks. Without
arguments it opens its window.

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 not found, 4 wrong state or busy,
5 damaged, 6 no space left, 130 interrupted. Exec, shell, ssh and try exit with the
code of the guest's command, or with 125 to 127 if it could not be run.

Set NO_COLOR=1 to turn off colors.`,
		Example: `  vmterminal vm create default
  vmterminal run
  vmterminal snapshot create before-upgrade -d "Before system upgrade"
  vmterminal stop
  vmterminal snapshot restore before-upgrade`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       r.svc.Version(),
	}
	root.SetVersionTemplate("vmterminal {{.Version}}\n")
	root.SetIn(r.io.In)
	root.SetOut(helpOutput{r.printer})
	root.SetErr(r.io.Err)
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(unknownFlag)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.PersistentFlags().BoolVar(&r.json, "json", false, "print JSON")
	root.PersistentFlags().BoolVar(&r.wait, "wait", false, "wait for other jobs on the VM instead of failing")
	root.PersistentFlags().BoolVar(&debug, "debug", false, "print debug messages; also "+app.EnvDebug+"=1")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if r.io.LogLevel != nil && cmd.Flags().Changed("debug") {
			r.io.LogLevel.Set(app.LogLevel(debug))
		}
		if r.wait {
			r.svc = r.svc.WaitForJobs(func(by durable.Holder) { r.infof("%s", phaseText(job.Phase{Code: job.WaitForProcess, Holder: by})) })
		}
		if !usesStore(cmd) {
			return nil
		}
		return r.svc.CheckOwner()
	}
	root.AddCommand(
		vmCommand(r),
		runCommand(r), shellCommand(r), execCommand(r), stopCommand(r), restartCommand(r), statusCommand(r),
		pauseOrResumeCommand(r, "pause", "Pause a running VM, keeping its memory", "paused", r.svc.Pause),
		pauseOrResumeCommand(r, "resume", "Resume a paused VM", "running", r.svc.Resume),
		consoleCommand(r), logsCommand(r), tryCommand(r), cpCommand(r), sshCommand(r), pkgCommand(r),
		snapshotCommand(r), imageCommand(r), jobCommand(r), storageCommand(r),
		configCommand(r), doctorCommand(r), completionCommand(r.printer), versionCommand(r),
		supervisorCommand(r), imageBaseCommand(r),
	)
	validateArgs(root)
	applyProgramName(root)
	root.SetHelpCommand(helpCommand())
	return root
}

// usesStore reports whether a command needs access to the store.
func usesStore(cmd *cobra.Command) bool {
	for cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	switch cmd.Name() {
	case "doctor", "version", "completion", "help", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return false
	default:
		return true
	}
}

// argumentsError returns a usage error that shows the command's synopsis.
func argumentsError(cmd *cobra.Command, args []string) error {
	usage := cmd.Parent().CommandPath() + " " + cmd.Use
	switch len(args) {
	case 0:
		return usagef(cmd, "expected '%s'", usage)
	case 1:
		return usagef(cmd, "expected '%s', got %q", usage, args[0])
	default:
		return usagef(cmd, "expected '%s', got %d arguments", usage, len(args))
	}
}

// validateArgs turns errors about the arguments of cmd and its subcommands into usage errors,
// and rejects unknown subcommands.
func validateArgs(cmd *cobra.Command) {
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
			return argumentsError(cmd, args) // Cobra's own messages are written for programmers
		}
		return err
	}
	for _, c := range cmd.Commands() {
		validateArgs(c)
	}
}
