package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"vmterminal/app/units"
)

// addVMFlag adds --vm to a command and its subcommands.
func addVMFlag(r *runner, cmd *cobra.Command) *cobra.Command {
	cmd.PersistentFlags().StringVar(&r.vm, "vm", "", "`NAME` of the VM (default: the active VM)")
	_ = cmd.RegisterFlagCompletionFunc("vm", r.completeVMFlag) // cannot fail: the flag exists
	return cmd
}

// addFilterFlag adds --filter to a command that connects this terminal to a guest.
func addFilterFlag(r *runner, cmd *cobra.Command) {
	cmd.Flags().BoolVar(&r.filter, "filter", false, "keep the guest from changing the title or clipboard of this terminal")
}

// addQuietFlag adds --quiet to a list command; subjects names the listed things in the flag's help.
func addQuietFlag(cmd *cobra.Command, quiet *bool, subjects string) {
	cmd.Flags().BoolVarP(quiet, "quiet", "q", false, "print only the names of "+subjects)
}

// accelerators are the values of --accel.
var accelerators = []string{"auto\tthe best available", "kvm\thardware virtualization", "tcg\temulation"}

// addAccelFlag adds --accel to a command; help is the flag's help.
func addAccelFlag(cmd *cobra.Command, accel *string, help string) {
	cmd.Flags().StringVar(accel, "accel", "", help)
	_ = cmd.RegisterFlagCompletionFunc("accel", cobra.FixedCompletions(accelerators, cobra.ShellCompDirectiveNoFileComp)) // cannot fail: the flag exists
}

// sizeFlag is the value of a flag that takes a size; it stores the size in MiB.
type sizeFlag struct{ mebibytes *int }

func (s sizeFlag) String() string {
	if s.mebibytes == nil || *s.mebibytes == 0 {
		return ""
	}
	return strconv.Itoa(*s.mebibytes)
}

func (s sizeFlag) Set(text string) (err error) {
	*s.mebibytes, err = units.ParseMiB(text)
	return err
}

func (sizeFlag) Type() string { return "SIZE" }
