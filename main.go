// VMTerminal runs Linux VMs on a personal computer and takes snapshots of their disks. Started
// without arguments on a machine with a display, it opens its window; otherwise it runs a
// command.
package main

import (
	"fmt"
	"os"

	"vmterminal/app"
	"vmterminal/app/cli"
	"vmterminal/app/desktop"
	"vmterminal/app/problem"
	"vmterminal/assets/guest"
	"vmterminal/vm/home"
)

// version is set at build time.
var version = "dev"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	root, err := home.Find()
	if err != nil {
		fmt.Fprintln(os.Stderr, cli.ProgramName()+": "+err.Error())
		return problem.ExitFailure
	}
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, cli.ProgramName()+": find program file: "+err.Error())
		return problem.ExitFailure
	}
	log, level := app.NewLog(os.Stderr)
	svc := app.New(app.Options{
		Home: root, Program: program, Version: version, Window: desktop.Built, Log: log,
		Guest: app.BuiltinGuest{WriteDisk: guest.WriteDisk, Kernel: guest.KernelFile, CommandLine: guest.CommandLine, Agent: guest.Agent, Version: guest.Version},
	})
	if len(args) > 0 || !desktop.HasDisplay() {
		return cli.Run(svc, args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, LogLevel: level})
	}
	if err := desktop.Run(svc, version); err != nil {
		line, _ := cli.ErrorLine(err)
		fmt.Fprintln(os.Stderr, cli.ProgramName()+": "+line)
		return problem.ExitFailure
	}
	return problem.ExitOK
}
