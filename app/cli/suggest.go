package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vmterminal/app/spelling"
)

// synonyms maps command names from other programs to commands of vmterminal.
var synonyms = map[string]string{
	"start": "run", "up": "run", "launch": "run", "boot": "run",
	"down": "stop", "halt": "stop", "kill": "stop", "poweroff": "stop", "shutdown": "stop",
	"reboot": "restart", "reset": "restart",
	"suspend": "pause", "freeze": "pause", "unpause": "resume", "continue": "resume",
	"ls": "vm list", "list": "vm list", "ps": "vm list", "vms": "vm list",
	"create": "vm create", "new": "vm create", "init": "vm create",
	"rm": "vm delete", "delete": "vm delete", "remove": "vm delete", "destroy": "vm delete",
	"info": "vm show", "show": "vm show", "inspect": "vm show", "describe": "vm show",
	"snapshots": "snapshot list", "revert": "snapshot restore", "rollback": "snapshot restore",
	"images": "image list", "jobs": "job list",
	"attach": "console", "connect": "shell", "enter": "shell", "login": "shell",
	"scp": "cp", "copy": "cp", "transfer": "cp", "log": "logs", "df": "storage",
	"install": "pkg install", "upgrade": "pkg upgrade",
}

// unknownCommand returns the error for an unknown subcommand.
func unknownCommand(cmd *cobra.Command, name string) error {
	hint := ""
	if near := suggestions(cmd, name); len(near) > 0 {
		hint = "; did you mean '" + strings.Join(near, "' or '") + "'?"
	}
	return usagef(cmd, "unknown command %.100q for '%s'%s", name, cmd.CommandPath(), hint)
}

// suggestions returns commands similar to name, which is not a subcommand of cmd. They are full
// command lines of commands with that name elsewhere, or the names of similarly spelled
// subcommands of cmd.
func suggestions(cmd *cobra.Command, name string) []string {
	if path, ok := synonyms[name]; ok {
		// Below a parent command, the synonym means a subcommand of that parent, as in
		// 'snapshot rm'.
		last := path[strings.LastIndexByte(path, ' ')+1:]
		if own, unknown := findCommand(cmd, last); unknown == "" && cmd.HasParent() {
			return []string{own.CommandPath()}
		}
		return []string{cmd.Root().Name() + " " + path}
	}
	if exact := findCommandPaths(cmd.Root(), name); len(exact) > 0 {
		return exact
	}
	cmd.SuggestionsMinimumDistance = 1 // prefixes and similar names
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return near
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(append(names, c.Name()), c.Aliases...)
		}
	}
	if best := spelling.Nearest(name, names); best != "" {
		return []string{best}
	}
	return nil
}

// findCommandPaths returns the paths of all commands below cmd with the given name.
func findCommandPaths(cmd *cobra.Command, name string) []string {
	var paths []string
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		if c.Name() == name || c.HasAlias(name) {
			paths = append(paths, c.CommandPath())
		}
		paths = append(paths, findCommandPaths(c, name)...)
	}
	return paths
}

// unknownFlag turns an error about flags into a usage error and adds a suggestion for an
// unknown flag.
func unknownFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if best := spelling.Nearest(unknown.GetSpecifiedName(), names); best != "" {
			err = fmt.Errorf("%w; did you mean '--%s'?", err, best)
		}
	}
	return usageError{cmd, err}
}
