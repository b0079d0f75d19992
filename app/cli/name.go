package cli

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"
)

// fullName is the program's name in the texts of this package; withProgramName replaces it.
const fullName = "vmterminal"

// ProgramName returns "vmt" if the program was started by that name, and "vmterminal"
// otherwise.
func ProgramName() string {
	if name := filepath.Base(os.Args[0]); name == "vmt" {
		return name
	}
	return fullName
}

// commandLinePattern matches fullName at the start of a command line.
var commandLinePattern = regexp.MustCompile(`(?m)(^|[\s'(])` + fullName + `( [a-z-])`)

// withProgramName replaces fullName in the command lines of a text with ProgramName, so
// that they can be copied and run.
func withProgramName(text string) string {
	name := ProgramName()
	if name == fullName {
		return text
	}
	return commandLinePattern.ReplaceAllString(text, "${1}"+name+"${2}")
}

// applyProgramName makes the help of cmd and its subcommands use ProgramName.
func applyProgramName(cmd *cobra.Command) {
	cmd.Long = withProgramName(cmd.Long)
	cmd.Example = withProgramName(cmd.Example)
	for _, c := range cmd.Commands() {
		applyProgramName(c)
	}
}
