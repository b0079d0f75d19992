package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vmterminal/app/ondisk"
)

// unknownCommand is the error for an argument in the place of a command's name.
func unknownCommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 1 // beginnings of names, and Cobra's own near ones
	near := cmd.SuggestionsFor(name)
	if len(near) == 0 {
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				names = append(append(names, c.Name()), c.Aliases...)
			}
		}
		if best := ondisk.Nearest(name, names); best != "" {
			near = []string{best}
		}
	}
	hint := ""
	if len(near) > 0 {
		hint = "; did you mean '" + strings.Join(near, "' or '") + "'?"
	}
	return usagef(cmd, "there is no command %.100q of '%s'%s", name, cmd.CommandPath(), hint)
}

// unknownFlag adds to an error about flags which one may have been meant.
func unknownFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if best := ondisk.Nearest(unknown.GetSpecifiedName(), names); best != "" {
			err = fmt.Errorf("%w; did you mean '--%s'?", err, best)
		}
	}
	return usageError{cmd, err}
}
