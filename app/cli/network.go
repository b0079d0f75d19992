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
	// InEffect is whether it leads into the running guest; nil: not known, or stopped.
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
	for _, f := range v.OldForwards() {
		out = append(out, forwardView{f.Host, f.Guest, &yes})
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
	drop     []string
	dropAll  bool
}

func (n *networkFlags) register(cmd *cobra.Command) {
	wantForwards(cmd, &n.forward)
	cmd.Flags().StringSliceVar(&n.drop, "no-forward", nil, "forward that `HOST` port no longer; may be repeated")
	cmd.Flags().BoolVar(&n.dropAll, "no-forwards", false, "forward no port any longer")
	cmd.Flags().BoolVar(&n.isolated, "isolated", false, "let the guest reach nothing; --isolated=false lets it again")
}

// set puts what was given into the settings of a VM.
func (n *networkFlags) set(cmd *cobra.Command, to *app.VMSettings) (err error) {
	if cmd.Flags().Changed("isolated") {
		to.Isolated = &n.isolated
	}
	for _, text := range n.drop {
		port, err := strconv.Atoi(text)
		if err != nil {
			return usagef(cmd, "--no-forward takes a port of this computer alone, as 8080, and not '%s'", text)
		}
		to.Unforward = append(to.Unforward, port)
	}
	to.UnforwardAll = n.dropAll
	to.Forward, err = app.ParseForwards(strings.Join(n.forward, ","))
	return err
}

func (f *face) printNetwork(v app.VM) {
	if v.Isolated {
		f.printf("  Isolated: yes\n")
	}
	pending := v.PendingForwards()
	for _, p := range v.Forwards {
		f.printf("  Forward: %s\n", p)
		if slices.Contains(pending, p) {
			f.printf("    not yet: from its next start on\n")
		}
	}
	if v.State.Alive() && !v.ForwardsLive() && len(v.Forwards) > 0 {
		f.printf("    what has changed of these since it was started counts from its next start on\n")
	}
	for _, p := range v.OldForwards() {
		f.printf("  Forward: %s\n    no longer, once it stops\n", p)
	}
}

// sayWhen tells from when on a VM has the settings that it was given.
func (f *face) sayWhen(v app.VM, to app.VMSettings) {
	live := v.ForwardsLive() && len(v.PendingForwards())+len(v.OldForwards()) == 0
	switch {
	case !v.State.Alive():
	case !to.Forwarding() || !live:
		f.say("'%s' runs: it has its new settings from the next start on.", v.Name)
	case to.Rest().Empty():
		f.say("'%s' runs: what is forwarded has changed at once.", v.Name)
	default:
		f.say("'%s' runs: what is forwarded has changed at once; it has its other new settings from the next start on.", v.Name)
	}
}
