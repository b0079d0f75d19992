// Command command runs the program's commands on the small disks of the tests. The tests kill
// it and make its system calls fail. VMTERMINAL_HOME is its store. The arguments after
// "usecase" are the words of a use case that is not a command.
package main

import (
	"fmt"
	"os"

	"vmterminal/app/cli"
	"vmterminal/app/torture/usecase"
	"vmterminal/vm/home"
)

func main() {
	svc, args := usecase.Open(os.Getenv(home.EnvVar)), os.Args[1:]
	if len(args) > 0 && args[0] == "usecase" {
		if err := usecase.Run(svc, args[1:]...); err != nil {
			line, exit := cli.ErrorLine(err)
			fmt.Fprintln(os.Stderr, "vmterminal: "+line)
			os.Exit(exit)
		}
		fmt.Println("Done.")
		return
	}
	os.Exit(cli.Run(svc, args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
