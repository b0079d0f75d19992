// Manpages writes a man page for each command, from what the command says of
// itself: manpages -o FOLDER. It is run when the program is built.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"vmterminal/app"
	"vmterminal/app/cli"
	"vmterminal/app/ondisk"
)

func main() {
	folder := flag.String("o", "", "the `folder` for the pages")
	version := flag.String("version", "dev", "the program's version")
	flag.Parse()
	if err := write(*folder, *version); err != nil {
		fmt.Fprintln(os.Stderr, "manpages: "+err.Error())
		os.Exit(app.ExitFailure)
	}
}

// write writes the pages; their date is $SOURCE_DATE_EPOCH, or today.
func write(folder, version string) error {
	if err := os.MkdirAll(folder, ondisk.DirMode|0o055); err != nil {
		return err
	}
	commands := cli.Commands(app.New(app.Options{Version: version}))
	undated(commands)
	header := doc.GenManHeader{Section: "1", Source: "VMTerminal " + version, Manual: "VMTerminal"}
	return doc.GenManTree(commands, &header, folder)
}

// undated leaves out who wrote the pages and when.
func undated(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	for _, c := range cmd.Commands() {
		undated(c)
	}
}
