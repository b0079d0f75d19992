package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and change what new VMs get when nothing else is asked for",
		Long: `Config shows and changes the defaults for new VMs, of commands and window alike.
They are in config.yaml in the store's folder, which may be edited by hand too.
VMs that there are stay as they are: 'vmterminal vm set' changes these.`,
		Example: `  vmterminal config get
  vmterminal config set memory 2048
  vmterminal config unset memory`,
	}
	cmd.AddCommand(f.configGet(), f.configSet(), f.configUnset())
	return cmd
}

type settingView struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	BuiltIn string `json:"built_in"`
	Set     bool   `json:"set"`
}

func (f *face) configGet() *cobra.Command {
	return &cobra.Command{
		Use:   "get [KEY]",
		Short: "Show the defaults for new VMs, or one of them",
		Example: `  vmterminal config get
  vmterminal config get memory`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: f.completeSetting,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := f.svc.Config(cmd.Context(), args...)
			if err != nil {
				return err
			}
			return f.settings(list, func(s app.Setting) {
				if len(args) > 0 {
					f.printf("%s\n", s.Value)
					return
				}
				f.printf("%s: %s%s\n", s.Key, s.Value, origin(s))
			})
		},
	}
}

func (f *face) configSet() *cobra.Command {
	return &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change one of the defaults for new VMs",
		Example: `  vmterminal config set cpus 4
  vmterminal config set disk-size 40960
  vmterminal config set snapshot-every 1h`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: f.completeSetting,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.settingChanged(f.svc.SetConfig(cmd.Context(), args[0], args[1]))
		},
	}
}

func (f *face) configUnset() *cobra.Command {
	return &cobra.Command{
		Use:     "unset KEY",
		Short:   "Make one of the defaults for new VMs what is built in again",
		Example: "  vmterminal config unset cpus",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: f.completeSetting,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.settingChanged(f.svc.UnsetConfig(cmd.Context(), args[0]))
		},
	}
}

func (f *face) settingChanged(s app.Setting, err error) error {
	if err != nil {
		return err
	}
	return f.settings([]app.Setting{s}, func(s app.Setting) {
		f.printf("Default for new VMs: %s: %s%s\n", s.Key, s.Value, origin(s))
	})
}

func origin(s app.Setting) string {
	if !s.Set {
		return " (built in)"
	}
	return ""
}

func (f *face) settings(list []app.Setting, print func(app.Setting)) error {
	out := struct {
		Schema   int           `json:"schema"`
		Settings []settingView `json:"settings"`
	}{Schema: schema}
	for _, s := range list {
		out.Settings = append(out.Settings, settingView{s.Key, s.Value, s.BuiltIn, s.Set})
	}
	return f.data(out, func() {
		for _, s := range list {
			print(s)
		}
	})
}

// completeSetting offers the keys with what they are, also when the file cannot
// be read.
func (f *face) completeSetting(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0:
		var keys []string
		for _, s := range app.ConfigKeys() {
			keys = append(keys, s.Key+"\t"+s.About)
		}
		return keys, cobra.ShellCompDirectiveNoFileComp
	case len(args) == 1 && args[0] == "accel":
		return accelerators, cobra.ShellCompDirectiveNoFileComp
	default:
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
