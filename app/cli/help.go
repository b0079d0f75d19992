package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

// usageTemplate is Cobra's usage template with the examples moved to the top.
const usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if gt (len .Aliases) 0}}

Aliases:
  {{.NameAndAliases}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

Run '{{.CommandPath}} COMMAND --help' for help on a command.{{end}}
`

// helpCommand returns a help command like Cobra's, except that an unknown command is a usage
// error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show help for a command",
		Example: `  vmterminal help run
  vmterminal help snapshot create`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			about, unknown := findCommand(cmd.Root(), args...)
			if unknown != "" {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range about.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, unknown := findCommand(cmd.Root(), args...)
			if unknown != "" {
				return unknownCommand(about, unknown)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// findCommand returns the command at the given path below cmd. If a name is unknown, it returns
// that name and the last command found.
func findCommand(cmd *cobra.Command, path ...string) (found *cobra.Command, unknown string) {
	for _, name := range path {
		children := cmd.Commands()
		i := slices.IndexFunc(children, func(c *cobra.Command) bool { return c.Name() == name || c.HasAlias(name) })
		if i < 0 {
			return cmd, name
		}
		cmd = children[i]
	}
	return cmd, ""
}
