// VMTerminal: Linux VMs on this desk, and snapshots to have them back. Without
// arguments and with a display it opens its window; otherwise it is a command.
package main

import (
	"fmt"
	"os"

	"vmterminal/app"
	"vmterminal/app/cli"
	"vmterminal/app/desktop"
	"vmterminal/app/ondisk"
	"vmterminal/assets/guest"
)

// version is set when the program is built.
var version = "dev"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	home, err := ondisk.FindHome()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vmterminal: "+err.Error())
		return app.ExitFailure
	}
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vmterminal: cannot find its own program file: "+err.Error())
		return app.ExitFailure
	}
	svc := app.New(app.Options{
		Home: home, Program: program, Version: version, Window: desktop.Built,
		Guest: app.BuiltinGuest{WriteDisk: guest.WriteDisk, Kernel: guest.KernelFile, CommandLine: guest.CommandLine, Agent: guest.Agent, Version: guest.Version},
	})
	if len(args) > 0 || !desktop.HasDisplay() {
		return cli.Run(svc, args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	}
	if err := desktop.Run(svc, desktop.Options{Version: version}); err != nil {
		fmt.Fprintln(os.Stderr, "vmterminal: "+app.Explain(err).Line())
		return app.ExitFailure
	}
	return app.ExitOK
}
