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
	Code     string `json:"problem_code,omitempty"`
}

func sharesJSON(list []app.Share) (out []shareView) {
	for _, s := range list {
		out = append(out, shareView{s.Path, s.ReadOnly, s.GuestDir, shareText(s.Problem), string(s.Problem.Code)})
	}
	return out
}

// addShareFlag adds --share to a command.
func addShareFlag(cmd *cobra.Command, shares *[]string) {
	cmd.Flags().StringArrayVar(shares, "share", nil, "share folder `DIR` with the guest, mounted in /mnt under the folder's name; append :ro for read-only; can be repeated")
	_ = cmd.MarkFlagDirname("share") // cannot fail: the flag exists
}

// warnAboutLinks prints a note about symbolic links in shared folders.
func warnAboutLinks(p *printer, list []app.Share) {
	for _, s := range list {
		if link := s.FirstLink(); link != "" {
			p.infof("Note: '%s' has symbolic links, such as %s. The guest cannot read links created on this computer; 'vmterminal cp -r' copies them.", s.Path, link)
		}
	}
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

// shareFlags holds the flags of 'vm set' for shared folders.
type shareFlags struct {
	share, removeShares []string
	clearShares         bool
}

func (s *shareFlags) register(cmd *cobra.Command) {
	addShareFlag(cmd, &s.share)
	cmd.Flags().StringArrayVar(&s.removeShares, "remove-share", nil, "stop sharing folder `DIR`; can be repeated")
	cmd.Flags().BoolVar(&s.clearShares, "clear-shares", false, "remove all shared folders")
}

// apply adds the requested changes to the settings.
func (s *shareFlags) apply(changes *app.VMSettings) (err error) {
	changes.Unshare, changes.UnshareAll = s.removeShares, s.clearShares
	changes.Share, err = parseShares(s.share)
	return err
}

func printShares(p *printer, v app.VM) {
	for _, s := range v.Shares {
		p.printf("  Share: %s\n", s)
		if problem := shareText(s.Problem); problem != "" {
			p.printf("    unavailable: %s\n", problem)
		}
	}
}
