package cli

import (
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) jobCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job",
		Short: "List what works on VMs and images, wait for its end, or end it",
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
	Image string     `json:"image,omitempty"`
	PID   int        `json:"pid"`
	Doing string     `json:"doing"`
	Since *time.Time `json:"since,omitempty"`
	Bytes int64      `json:"bytes,omitempty"`
	Total int64      `json:"total,omitempty"`
}

func jobJSON(j app.WorkingJob) jobView {
	return jobView{j.VM, j.Image, j.PID, j.Doing, utc(j.Since), j.Come, j.Total}
}

func (f *face) jobList() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List the jobs that work on VMs and images now, of windows and commands alike", Example: "  vmterminal job list",
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
				f.printJobs(jobs, quiet)
			})
		},
	}
	f.wantQuiet(cmd, &quiet, "VMs")
	return cmd
}

func (f *face) printJobs(jobs []app.WorkingJob, quiet bool) {
	if len(jobs) == 0 && !quiet {
		f.say("No job is under way.")
	}
	for _, j := range jobs {
		switch {
		case quiet && j.VM != "":
			f.printf("%s\n", j.VM)
		case !quiet:
			f.printf("%s: %s (%sprocess %d, since %s)\n", j.On(), j.Doing, come(j), j.PID, local(j.Since))
		}
	}
}

// come tells how much of a download has come, "" of another job.
func come(j app.WorkingJob) string {
	if j.Come == 0 {
		return ""
	}
	return sizeSoFar(j.Come, j.Total) + "; "
}

// sizeSoFar tells how much has come of a whole; 0 if that is not known.
func sizeSoFar(come, total int64) string {
	if total == 0 {
		return size(come)
	}
	return size(come) + " of " + size(total)
}

func (f *face) jobWait() *cobra.Command {
	var image string
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Return when no job works on a VM, or an image, any more",
		Example: `  vmterminal job wait --vm dev
  vmterminal job wait --image debian:trixie`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if image != "" {
				return f.svc.WaitForImageJob(cmd.Context(), image)
			}
			return f.svc.WaitForJob(cmd.Context(), f.vm)
		},
	}
	return f.wantWorkedOn(cmd, &image)
}

func (f *face) jobCancel() *cobra.Command {
	var image string
	cmd := &cobra.Command{
		Use:   "cancel",
		Short: "End the job that works on a VM, or an image, whoever began it",
		Long: `Cancel ends a job, and returns when it has ended. Nothing is left of it, but what has
come of a download: the next one goes on from there.`,
		Example: `  vmterminal job cancel
  vmterminal job cancel --vm dev
  vmterminal job cancel --image debian:trixie`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			j, err := f.cancelJob(cmd, image)
			if err != nil {
				return err
			}
			out := struct {
				Schema int     `json:"schema"`
				Job    jobView `json:"job"`
			}{schema, jobJSON(j)}
			return f.data(out, func() { f.printf("Job ended: %s (%s)\n", j.Doing, j.On()) })
		},
	}
	return f.wantWorkedOn(cmd, &image)
}

func (f *face) cancelJob(cmd *cobra.Command, image string) (app.WorkingJob, error) {
	if image != "" {
		return f.svc.CancelImageJob(cmd.Context(), image)
	}
	return f.svc.CancelJob(cmd.Context(), f.vm)
}

// wantWorkedOn adds --vm and --image to a command, of which one can be given.
func (f *face) wantWorkedOn(cmd *cobra.Command, image *string) *cobra.Command {
	f.wantVM(cmd)
	cmd.Flags().StringVar(image, "image", "", "the image `NAME`, as 'job list' tells it, instead of a VM")
	_ = cmd.RegisterFlagCompletionFunc("image", f.completeWorkedOn) // the flag is there
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("vm") && cmd.Flags().Changed("image") {
			return usagef(cmd, "say --vm or --image, not both")
		}
		return nil
	}
	return cmd
}

// completeWorkedOn offers the images that are worked on.
func (f *face) completeWorkedOn(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	jobs, err := f.svc.WorkingJobs(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, j := range jobs {
		if j.Image != "" {
			names = append(names, j.Image+"\t"+j.Doing)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
