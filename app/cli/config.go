package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app/config"
)

func configCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Manage the defaults for new VMs",
		Long: `Config shows and changes the defaults for new VMs, for commands and the window. They
are stored in config.yaml in the store's folder, which can also be edited by hand.
Existing VMs are not affected; use 'vmterminal vm set' for them.`,
		Example: `  vmterminal config get
  vmterminal config set memory 2048
  vmterminal config unset memory`,
	}
	cmd.AddCommand(configGetCommand(r), configSetCommand(r), configUnsetCommand(r))
	return cmd
}

type settingView struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	BuiltIn string `json:"built_in"`
	Set     bool   `json:"set"`
}

func configGetCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "get [KEY]",
		Short: "Show the defaults for new VMs",
		Example: `  vmterminal config get
  vmterminal config get memory`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: r.completeSetting,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := r.svc.Config(cmd.Context(), args...)
			if err != nil {
				return err
			}
			return showSettings(r.printer, list, func(s config.Setting) {
				if len(args) > 0 {
					r.printf("%s\n", s.Value)
					return
				}
				r.printf("%s: %s%s\n", s.Key, s.Value, builtInMark(s))
			})
		},
	}
}

func configSetCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change a default for new VMs",
		Example: `  vmterminal config set cpus 4
  vmterminal config set disk-size 40960
  vmterminal config set snapshot-every 1h`,
		Args: cobra.ExactArgs(2), ValidArgsFunction: r.completeSetting,
		RunE: func(cmd *cobra.Command, args []string) error {
			setting, err := r.svc.SetConfig(cmd.Context(), args[0], args[1])
			return showChangedSetting(r.printer, setting, err)
		},
	}
}

func configUnsetCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:     "unset KEY",
		Short:   "Reset a default for new VMs to its built-in value",
		Example: "  vmterminal config unset cpus",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: r.completeSetting,
		RunE: func(cmd *cobra.Command, args []string) error {
			setting, err := r.svc.UnsetConfig(cmd.Context(), args[0])
			return showChangedSetting(r.printer, setting, err)
		},
	}
}

func showChangedSetting(p *printer, s config.Setting, err error) error {
	if err != nil {
		return err
	}
	return showSettings(p, []config.Setting{s}, func(s config.Setting) {
		p.printf("Default for new VMs: %s: %s%s\n", s.Key, s.Value, builtInMark(s))
	})
}

func builtInMark(s config.Setting) string {
	if !s.Set {
		return " (built in)"
	}
	return ""
}

func showSettings(p *printer, list []config.Setting, print func(config.Setting)) error {
	out := struct {
		Schema   int           `json:"schema"`
		Settings []settingView `json:"settings"`
	}{Schema: schema}
	for _, s := range list {
		out.Settings = append(out.Settings, settingView{s.Key, s.Value, s.BuiltIn, s.Set})
	}
	return p.writeResult(out, func() {
		for _, s := range list {
			print(s)
		}
	})
}

// completeSetting offers the keys with their descriptions. It does not read config.yaml.
func (r *runner) completeSetting(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0:
		var keys []string
		for _, s := range config.BuiltInSettings() {
			keys = append(keys, s.Key+"\t"+s.About)
		}
		return keys, cobra.ShellCompDirectiveNoFileComp
	case len(args) == 1 && args[0] == "accel":
		return accelerators, cobra.ShellCompDirectiveNoFileComp
	default:
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
