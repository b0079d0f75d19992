package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

type forwardView struct {
	Host  int `json:"host"`
	Guest int `json:"guest"`
	// InEffect reports whether the running guest has the forward. It is nil if the VM is
	// stopped or the state is unknown.
	InEffect *bool `json:"in_effect,omitempty"`
}

func forwardsJSON(v app.VM) (out []forwardView) {
	for _, f := range v.Forwards {
		view := forwardView{Host: f.Host, Guest: f.Guest}
		if v.ForwardsLive() {
			now := slices.Contains(v.ForwardsNow, f)
			view.InEffect = &now
		}
		out = append(out, view)
	}
	return out
}

func oldForwardsJSON(v app.VM) (out []forwardView) {
	yes := true
	for _, f := range v.RemovedForwards() {
		out = append(out, forwardView{f.Host, f.Guest, &yes})
	}
	return out
}

// addForwardFlag adds --forward to a command.
func addForwardFlag(cmd *cobra.Command, forwards *[]string) {
	cmd.Flags().StringArrayVar(forwards, "forward", nil, "forward TCP port HOST on 127.0.0.1 to port GUEST in the guest: `HOST:GUEST`; can be repeated")
}

// networkFlags holds the network flags of 'vm set'.
type networkFlags struct {
	isolated       bool
	forward        []string
	removeForwards []string
	clearForwards  bool
}

func (n *networkFlags) register(cmd *cobra.Command) {
	addForwardFlag(cmd, &n.forward)
	cmd.Flags().StringSliceVar(&n.removeForwards, "remove-forward", nil, "stop forwarding port `HOST`; can be repeated")
	cmd.Flags().BoolVar(&n.clearForwards, "clear-forwards", false, "remove all forwards")
	cmd.Flags().BoolVar(&n.isolated, "isolated", false, "isolate the guest from all networks; --isolated=false connects it")
}

// apply adds the requested changes to the settings.
func (n *networkFlags) apply(cmd *cobra.Command, changes *app.VMSettings) (err error) {
	if cmd.Flags().Changed("isolated") {
		changes.Isolated = &n.isolated
	}
	for _, text := range n.removeForwards {
		port, err := strconv.Atoi(text)
		if err != nil {
			return usagef(cmd, "--remove-forward takes only the host port, such as 8080, not '%s'", text)
		}
		changes.Unforward = append(changes.Unforward, port)
	}
	changes.UnforwardAll = n.clearForwards
	changes.Forward, err = app.ParseForwards(strings.Join(n.forward, ","))
	return err
}

func printNetwork(p *printer, v app.VM) {
	if v.Isolated {
		p.printf("  Isolated: yes\n")
	}
	pending := v.PendingForwards()
	for _, forward := range v.Forwards {
		p.printf("  Forward: %s\n", forward)
		if slices.Contains(pending, forward) {
			p.printf("    takes effect at the next start\n")
		}
	}
	if v.State.Alive() && !v.ForwardsLive() && len(v.Forwards) > 0 {
		p.printf("    changes since the VM was started take effect at the next start\n")
	}
	for _, forward := range v.RemovedForwards() {
		p.printf("  Forward: %s\n    removed when the VM stops\n", forward)
	}
}
