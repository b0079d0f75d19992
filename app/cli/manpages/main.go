// Manpages generates a man page for each command of vmterminal, in the folder given by -o. The
// Makefile runs it.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"vmterminal/app"
	"vmterminal/app/cli"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

func main() {
	folder := flag.String("o", "", "output `folder`")
	version := flag.String("version", "dev", "version of the program")
	flag.Parse()
	if err := write(*folder, *version); err != nil {
		fmt.Fprintln(os.Stderr, "manpages: "+err.Error())
		os.Exit(problem.ExitFailure)
	}
}

// write writes the pages to folder. Their date is $SOURCE_DATE_EPOCH if set, or else today.
func write(folder, version string) error {
	if err := os.MkdirAll(folder, durable.DirMode|0o055); err != nil {
		return err
	}
	commands := cli.Commands(app.New(app.Options{Version: version}))
	omitDate(commands)
	header := doc.GenManHeader{Section: "1", Source: "VMTerminal " + version, Manual: "VMTerminal"}
	return doc.GenManTree(commands, &header, folder)
}

// omitDate removes the line with the generator's name and the date from the pages of cmd and
// its subcommands.
func omitDate(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	for _, c := range cmd.Commands() {
		omitDate(c)
	}
}
