package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func (f *face) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Write what makes a shell complete commands, VMs and snapshots",
		Long: `Completion writes a script for a shell. Put where the shell looks for such scripts,
it holds for each new shell. It is for the name by which it was called: 'vmt completion
bash' completes vmt. Bash needs the package bash-completion; zsh needs
'autoload -U compinit && compinit' in ~/.zshrc.`,
		Example: `  # bash, for you; for all users: /etc/bash_completion.d/vmterminal
  mkdir -p ~/.local/share/bash-completion/completions
  vmterminal completion bash > ~/.local/share/bash-completion/completions/vmterminal

  # zsh, for all users
  vmterminal completion zsh > /usr/local/share/zsh/site-functions/_vmterminal

  # fish, for you
  mkdir -p ~/.config/fish/completions
  vmterminal completion fish > ~/.config/fish/completions/vmterminal.fish

  # bash, for this shell only
  source <(vmterminal completion bash)`,
		Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.Root().Use = calledAs() // the name that the script completes
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(f.io.Out, true)
			case "zsh":
				return cmd.Root().GenZshCompletion(f.io.Out)
			default:
				return cmd.Root().GenFishCompletion(f.io.Out, true)
			}
		},
	}
}

// calledAs is by which of its names the program was called.
func calledAs() string {
	if name := filepath.Base(os.Args[0]); name == "vmt" {
		return name
	}
	return "vmterminal"
}
