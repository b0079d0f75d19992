package cli

import (
	"github.com/spf13/cobra"
)

func completionCommand(p *printer) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Generate a shell completion script",
		Long: `Completion prints a script that makes a shell complete commands, VMs and snapshots. New
shells load it from the folders below. It completes the program name that was used to
generate it: 'vmt completion bash' completes vmt. Bash needs the package
bash-completion, zsh 'autoload -U compinit && compinit' in ~/.zshrc.`,
		Example: `  # bash, for the current user; for all users: /etc/bash_completion.d/vmterminal
  mkdir -p ~/.local/share/bash-completion/completions
  vmterminal completion bash > ~/.local/share/bash-completion/completions/vmterminal

  # zsh, for all users
  vmterminal completion zsh > /usr/local/share/zsh/site-functions/_vmterminal

  # fish, for the current user
  mkdir -p ~/.config/fish/completions
  vmterminal completion fish > ~/.config/fish/completions/vmterminal.fish

  # bash, for this shell only
  source <(vmterminal completion bash)`,
		Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(p.stdout(), true)
			case "zsh":
				return cmd.Root().GenZshCompletion(p.stdout())
			default:
				return cmd.Root().GenFishCompletion(p.stdout(), true)
			}
		},
	}
}
