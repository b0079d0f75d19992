package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

type shareView struct {
	Path     string `json:"path"`
	ReadOnly bool   `json:"read_only"`
	GuestDir string `json:"guest_dir"`
	Problem  string `json:"problem,omitempty"`
}

func sharesJSON(list []app.Share) (out []shareView) {
	for _, s := range list {
		out = append(out, shareView(s))
	}
	return out
}

// wantShares adds --share to a command.
func wantShares(cmd *cobra.Command, shares *[]string) {
	cmd.Flags().StringArrayVar(shares, "share", nil, "share the folder `DIR` with the guest, at /mnt/<its name>; DIR:ro for reading only; may be repeated")
	_ = cmd.MarkFlagDirname("share") // the flag is there
}

func parseShares(texts []string) (list []app.Share, err error) {
	for _, text := range texts {
		s, err := app.ParseShare(text)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// shareFlags are what 'vm set' can change of the shared folders.
type shareFlags struct {
	share, drop []string
	dropAll     bool
}

func (s *shareFlags) register(cmd *cobra.Command) {
	wantShares(cmd, &s.share)
	cmd.Flags().StringArrayVar(&s.drop, "no-share", nil, "share the folder `DIR` no longer; may be repeated")
	cmd.Flags().BoolVar(&s.dropAll, "no-shares", false, "share no folder any longer")
}

// set puts what was given into the settings of a VM.
func (s *shareFlags) set(to *app.VMSettings) (err error) {
	to.Unshare, to.UnshareAll = s.drop, s.dropAll
	to.Share, err = parseShares(s.share)
	return err
}

func (f *face) printShares(v app.VM) {
	for _, s := range v.Shares {
		f.printf("  Share: %s\n", s)
		if s.Problem != "" {
			f.printf("    not there: %s\n", s.Problem)
		}
	}
}

// sayLeftOut tells what a copy of a VM does not have of it.
func (f *face) sayLeftOut(cmd *cobra.Command, of, copied string) {
	v, err := f.svc.VM(cmd.Context(), of)
	if err == nil && len(v.Forwards)+len(v.Shares) > 0 {
		f.say("'%s' has none of the forwarded ports and shared folders of '%s'; 'vmterminal vm set' gives it some.", copied, v.Name)
	}
}
