package cli

import (
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) jobCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job",
		Short: "List what works on the VMs, wait for its end, or end it",
		Example: `  vmterminal job list
  vmterminal job history
  vmterminal job wait --vm dev
  vmterminal job cancel`,
	}
	cmd.AddCommand(f.jobList(), f.jobHistory(), f.jobWait(), f.jobCancel())
	return cmd
}

type jobView struct {
	VM    string     `json:"vm"`
	PID   int        `json:"pid"`
	Doing string     `json:"doing"`
	Since *time.Time `json:"since,omitempty"`
}

func jobJSON(j app.WorkingJob) jobView { return jobView{j.VM, j.PID, j.Doing, utc(j.Since)} }

func (f *face) jobList() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List the jobs that work on VMs now, of windows and commands alike", Example: "  vmterminal job list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			jobs, err := f.svc.WorkingJobs(cmd.Context())
			if err != nil {
				return err
			}
			out := struct {
				Schema int       `json:"schema"`
				Jobs   []jobView `json:"jobs"`
			}{schema, []jobView{}}
			for _, j := range jobs {
				out.Jobs = append(out.Jobs, jobJSON(j))
			}
			return f.data(out, func() {
				for _, j := range jobs {
					if quiet {
						f.printf("%s\n", j.VM)
					} else {
						f.printf("%s: %s (process %d, since %s)\n", j.VM, j.Doing, j.PID, local(j.Since))
					}
				}
				if len(jobs) == 0 && !quiet {
					f.say("No job is under way.")
				}
			})
		},
	}
	f.wantQuiet(cmd, &quiet, "VMs")
	return cmd
}

func (f *face) jobWait() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Return when no job works on a VM any more", Example: "  vmterminal job wait --vm dev",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.svc.WaitForJob(cmd.Context(), f.vm) },
	}
	return f.wantVM(cmd)
}

func (f *face) jobCancel() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cancel",
		Short: "End the job that works on a VM, whoever began it; nothing is left of it",
		Example: `  vmterminal job cancel
  vmterminal job cancel --vm dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			j, err := f.svc.CancelJob(cmd.Context(), f.vm)
			if err != nil {
				return err
			}
			out := struct {
				Schema int     `json:"schema"`
				Job    jobView `json:"job"`
			}{schema, jobJSON(j)}
			return f.data(out, func() { f.printf("Job ended: %s (%s)\n", j.Doing, j.VM) })
		},
	}
	return f.wantVM(cmd)
}
