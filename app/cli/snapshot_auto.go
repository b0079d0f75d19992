package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/schedule"
)

// intervalFlag is the value of --every.
type intervalFlag struct{ d *time.Duration }

func (i intervalFlag) String() string {
	if i.d == nil || *i.d == 0 {
		return ""
	}
	return schedule.FormatInterval(*i.d)
}

func (i intervalFlag) Set(text string) (err error) {
	*i.d, err = schedule.ParseInterval(text)
	return err
}

func (intervalFlag) Type() string { return "INTERVAL" }

func snapshotAutoCommand(r *runner) *cobra.Command {
	var a app.Automatic
	var off bool
	cmd := &cobra.Command{
		Use:   "auto",
		Short: "Show or set the schedule of automatic snapshots",
		Long: `Auto shows the schedule of a VM's automatic snapshots. With flags it changes the
schedule; the change takes effect at once.

Snapshots are taken only while the VM runs, and only if its disk has changed since the
newest one. After each, automatic snapshots beyond the newest --keep are deleted.
Pinned or renamed ones are never deleted.`,
		Example: `  vmterminal snapshot auto                      # show the schedule
  vmterminal snapshot auto --every 30m
  vmterminal snapshot auto --every 1d --keep 7 --vm dev
  vmterminal snapshot auto --off`,
		Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err == nil && cmd.Flags().NFlag() > 0 {
				v, err = setAutomatic(r, cmd, v, a, off)
			}
			if err != nil {
				return err
			}
			out := struct {
				Schema    int            `json:"schema"`
				VM        string         `json:"vm"`
				Automatic *automaticView `json:"automatic"` // null: off
			}{schema, v.Name, automaticJSON(v.Automatic)}
			return r.writeResult(out, func() { printAutomatic(r.printer, v) })
		},
	}
	flags := cmd.Flags()
	flags.Var(intervalFlag{&a.Every}, "every", "snapshot interval, from 1m to 30d: 30m, 6h, 1d")
	flags.IntVar(&a.Keep, "keep", 0, "number `N` of automatic snapshots to keep (default: the current number, initially 24)")
	flags.BoolVar(&off, "off", false, "turn automatic snapshots off; existing ones are kept")
	_ = cmd.RegisterFlagCompletionFunc("every", cobra.FixedCompletions([]string{"15m", "30m", "1h", "6h", "1d"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// setAutomatic changes the settings whose flags were given and keeps the others.
func setAutomatic(r *runner, cmd *cobra.Command, v app.VM, a app.Automatic, off bool) (app.VM, error) {
	every, keep := cmd.Flags().Changed("every"), cmd.Flags().Changed("keep")
	switch {
	case !every && !keep && !cmd.Flags().Changed("off"):
		return v, nil // only global flags were given
	case off && (every || keep):
		return v, usagef(cmd, "--off cannot be combined with --every or --keep")
	case off:
		return r.svc.SetAutomatic(cmd.Context(), v.Name, app.Automatic{})
	case every && (a.Every < app.MinAutomaticEvery || a.Every > app.MaxAutomaticEvery):
		return v, usagef(cmd, "--every must be from %s to %s", schedule.FormatInterval(app.MinAutomaticEvery), schedule.FormatInterval(app.MaxAutomaticEvery))
	case keep && (a.Keep < 1 || a.Keep > app.MaxAutomaticKeep):
		return v, usagef(cmd, "--keep must be from 1 to %d", app.MaxAutomaticKeep)
	case !every && !v.Automatic.On():
		return v, usagef(cmd, "automatic snapshots of '%s' are off; set their interval with --every", v.Name)
	case !every:
		a.Every = v.Automatic.Every
	}
	return r.svc.SetAutomatic(cmd.Context(), v.Name, a)
}

func printAutomatic(p *printer, v app.VM) {
	a := v.Automatic
	if !a.On() {
		p.printf("Automatic snapshots of '%s': off\n", v.Name)
		return
	}
	p.printf("Automatic snapshots of '%s': %s\n", v.Name, automaticSetting(a))
	switch {
	case !a.Next.IsZero():
		p.printf("  Next: %s\n", formatTime(a.Next))
	case !v.State.Alive():
		p.printf("  Next: when the VM runs\n")
	}
	printAutomaticFailure(p, a)
}

func automaticSetting(a app.AutomaticState) string {
	return "every " + schedule.FormatInterval(a.Every) + ", keeping the newest " + strconv.Itoa(a.Keep)
}

func printAutomaticFailure(p *printer, a app.AutomaticState) {
	if a.Failed {
		p.printf("  Automatic snapshot failed: %s, %s\n", formatTime(a.FailedAt), renderLine(a.Problem, a.FailureText))
	}
}

// automaticView holds the schedule of automatic snapshots and the last failure.
type automaticView struct {
	EverySeconds int64      `json:"every_s"`
	Keep         int        `json:"keep"`
	Next         *time.Time `json:"next,omitempty"`
	Failure      string     `json:"failure,omitempty"`
	FailedAt     *time.Time `json:"failed_at,omitempty"`
}

func automaticJSON(a app.AutomaticState) *automaticView {
	if !a.On() {
		return nil
	}
	return &automaticView{int64(a.Every / time.Second), a.Keep, utcOrNil(a.Next), renderLine(a.Problem, a.FailureText), utcOrNil(a.FailedAt)}
}
