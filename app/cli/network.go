package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

type forwardView struct {
	Host  int `json:"host"`
	Guest int `json:"guest"`
}

func forwardsJSON(list []app.Forward) (out []forwardView) {
	for _, f := range list {
		out = append(out, forwardView(f))
	}
	return out
}

// wantForwards adds --forward to a command.
func wantForwards(cmd *cobra.Command, forwards *[]string) {
	cmd.Flags().StringArrayVar(forwards, "forward", nil, "lead the TCP port HOST of this computer's 127.0.0.1 to the guest's port GUEST: `HOST:GUEST`; may be repeated")
}

// networkFlags are what 'vm set' can change of the network.
type networkFlags struct {
	isolated bool
	forward  []string
	drop     []int
	dropAll  bool
}

func (n *networkFlags) register(cmd *cobra.Command) {
	wantForwards(cmd, &n.forward)
	cmd.Flags().IntSliceVar(&n.drop, "no-forward", nil, "forward that `HOST` port no longer; may be repeated")
	cmd.Flags().BoolVar(&n.dropAll, "no-forwards", false, "forward no port any longer")
	cmd.Flags().BoolVar(&n.isolated, "isolated", false, "let the guest reach nothing; --isolated=false lets it again")
}

// set puts what was given into the settings of a VM.
func (n *networkFlags) set(cmd *cobra.Command, to *app.VMSettings) (err error) {
	if cmd.Flags().Changed("isolated") {
		to.Isolated = &n.isolated
	}
	to.Unforward, to.UnforwardAll = n.drop, n.dropAll
	to.Forward, err = app.ParseForwards(strings.Join(n.forward, ","))
	return err
}

func (f *face) printNetwork(v app.VM) {
	if v.Isolated {
		f.printf("  Isolated: yes\n")
	}
	for _, p := range v.Forwards {
		f.printf("  Forward: %s\n", p)
	}
}
