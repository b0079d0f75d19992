// Command command is the program's commands on the small disks of the tests:
// what is killed, and what is told that its system calls fail. VMTERMINAL_HOME
// says where its store is. After "deed" it takes the words of a use case that
// is no command.
package main

import (
	"fmt"
	"os"

	"vmterminal/app"
	"vmterminal/app/cli"
	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
)

func main() {
	svc, args := usecase.Open(os.Getenv(ondisk.EnvHome)), os.Args[1:]
	if len(args) > 0 && args[0] == "deed" {
		if err := usecase.Do(svc, args[1:]...); err != nil {
			p := app.Explain(err)
			fmt.Fprintln(os.Stderr, "vmterminal: "+p.Line())
			os.Exit(p.Exit)
		}
		fmt.Println("Done.")
		return
	}
	os.Exit(cli.Run(svc, args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
