package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

// interval is --every.
type interval struct{ d *time.Duration }

func (i interval) String() string {
	if i.d == nil || *i.d == 0 {
		return ""
	}
	return app.FormatInterval(*i.d)
}

func (i interval) Set(text string) (err error) {
	*i.d, err = app.ParseInterval(text)
	return err
}

func (interval) Type() string { return "INTERVAL" }

func (f *face) snapshotAuto() *cobra.Command {
	var a app.Automatic
	var off bool
	cmd := &cobra.Command{
		Use:   "auto",
		Short: "Take snapshots of a VM by itself, every so often while it runs",
		Long: `Auto shows or changes when snapshots of a VM are taken while it runs, without
anyone asking. None is taken when nothing has changed since the newest one. After
each the oldest automatic ones are deleted, so that as many stay as are to be
kept; those that were pinned or renamed are nobody's but yours, and stay. A
change holds for a running VM too.`,
		Example: `  vmterminal snapshot auto                      # show the setting
  vmterminal snapshot auto --every 30m
  vmterminal snapshot auto --every 1d --keep 7 --vm dev
  vmterminal snapshot auto --off`,
		Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := f.svc.VM(cmd.Context(), f.vm)
			if err == nil && cmd.Flags().NFlag() > 0 {
				v, err = f.setAutomatic(cmd, v, a, off)
			}
			if err != nil {
				return err
			}
			out := struct {
				Schema    int            `json:"schema"`
				VM        string         `json:"vm"`
				Automatic *automaticView `json:"automatic"` // null: off
			}{schema, v.Name, automaticJSON(v.Automatic)}
			return f.data(out, func() { f.printAutomatic(v) })
		},
	}
	flags := cmd.Flags()
	flags.Var(interval{&a.Every}, "every", "take one as often as that: 30m, 6h, 1d; from 1m to 30d")
	flags.IntVar(&a.Keep, "keep", 0, "keep the newest `N` of them (default: as many as before, at first 24)")
	flags.BoolVar(&off, "off", false, "take no more; those that there are stay")
	_ = cmd.RegisterFlagCompletionFunc("every", cobra.FixedCompletions([]string{"15m", "30m", "1h", "6h", "1d"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// setAutomatic changes the setting as the flags say. What they do not name stays.
func (f *face) setAutomatic(cmd *cobra.Command, v app.VM, a app.Automatic, off bool) (app.VM, error) {
	every, keep := cmd.Flags().Changed("every"), cmd.Flags().Changed("keep")
	switch {
	case !every && !keep && !cmd.Flags().Changed("off"):
		return v, nil // flags of every command
	case off && (every || keep):
		return v, usagef(cmd, "--off goes with neither --every nor --keep")
	case off:
		return f.svc.SetAutomatic(cmd.Context(), v.Name, app.Automatic{})
	case every && (a.Every < app.MinAutomaticEvery || a.Every > app.MaxAutomaticEvery):
		return v, usagef(cmd, "--every must be from %s to %s", app.FormatInterval(app.MinAutomaticEvery), app.FormatInterval(app.MaxAutomaticEvery))
	case keep && (a.Keep < 1 || a.Keep > app.MaxAutomaticKeep):
		return v, usagef(cmd, "--keep must be from 1 to %d", app.MaxAutomaticKeep)
	case !every && !v.Automatic.On():
		return v, usagef(cmd, "automatic snapshots of '%s' are off; say how often with --every", v.Name)
	case !every:
		a.Every = v.Automatic.Every
	}
	return f.svc.SetAutomatic(cmd.Context(), v.Name, a)
}

func (f *face) printAutomatic(v app.VM) {
	a := v.Automatic
	if !a.On() {
		f.printf("Automatic snapshots of '%s': off\n", v.Name)
		return
	}
	f.printf("Automatic snapshots of '%s': %s\n", v.Name, automaticSetting(a))
	switch {
	case !a.Next.IsZero():
		f.printf("  Next due: %s\n", local(a.Next))
	case !v.State.Alive():
		f.printf("  Next due: when the VM runs\n")
	}
	f.printAutomaticFailure(a)
}

func automaticSetting(a app.AutomaticState) string {
	return "every " + app.FormatInterval(a.Every) + ", the newest " + strconv.Itoa(a.Keep) + " are kept"
}

func (f *face) printAutomaticFailure(a app.AutomaticState) {
	if a.Failure != "" {
		f.printf("  Automatic snapshot failed: %s, %s\n", local(a.FailedAt), a.Failure)
	}
}

// automaticView is a setting that is on, and how it fares.
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
	return &automaticView{int64(a.Every / time.Second), a.Keep, utc(a.Next), a.Failure, utc(a.FailedAt)}
}
