package cli

import (
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func jobCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job",
		Short: "Manage running jobs",
		Example: `  vmterminal job list
  vmterminal job history
  vmterminal job wait --vm dev
  vmterminal job cancel`,
	}
	cmd.AddCommand(jobListCommand(r), jobHistoryCommand(r), jobWaitCommand(r), jobCancelCommand(r))
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

func jobJSON(j app.RunningJob) jobView {
	return jobView{j.VM, j.Image, j.PID, activityText(j.Activity), utcOrNil(j.Since), j.Received, j.Total}
}

func jobListCommand(r *runner) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List running jobs", Example: "  vmterminal job list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			jobs, err := r.svc.RunningJobs(cmd.Context())
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
			return r.writeResult(out, func() {
				printJobs(r.printer, jobs, quiet)
			})
		},
	}
	addQuietFlag(cmd, &quiet, "VMs")
	return cmd
}

func printJobs(p *printer, jobs []app.RunningJob, quiet bool) {
	if len(jobs) == 0 && !quiet {
		p.infof("No jobs are running.")
	}
	for _, j := range jobs {
		switch {
		case quiet && j.VM != "":
			p.printf("%s\n", j.VM)
		case !quiet:
			p.printf("%s: %s (%sprocess %d, since %s)\n", j.Subject(), activityText(j.Activity), downloadProgress(j), j.PID, formatTime(j.Since))
		}
	}
}

// downloadProgress formats the progress of a download; it returns "" for other jobs.
func downloadProgress(j app.RunningJob) string {
	if j.Received == 0 {
		return ""
	}
	return partialSize(j.Received, j.Total) + "; "
}

// partialSize formats how many bytes of total were received; total is 0 if unknown.
func partialSize(received, total int64) string {
	if total == 0 {
		return units.Bytes(received)
	}
	return units.Bytes(received) + " of " + units.Bytes(total)
}

func jobWaitCommand(r *runner) *cobra.Command {
	var image string
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until the job on a VM or an image ends",
		Example: `  vmterminal job wait --vm dev
  vmterminal job wait --image debian:trixie`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if image != "" {
				return r.svc.WaitForImageJob(cmd.Context(), image)
			}
			return r.svc.WaitForJob(cmd.Context(), r.vm)
		},
	}
	return addJobTargetFlags(r, cmd, &image)
}

func jobCancelCommand(r *runner) *cobra.Command {
	var image string
	cmd := &cobra.Command{
		Use:   "cancel",
		Short: "Cancel the job on a VM or an image",
		Long: `Cancel stops the jobs on a VM or an image, including file copies, and waits until they
have cleaned up. It does not matter which window or command started them. An
incomplete download is kept; the next download continues it.`,
		Example: `  vmterminal job cancel
  vmterminal job cancel --vm dev
  vmterminal job cancel --image debian:trixie`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ended, err := cancelJobs(r, cmd, image)
			if err != nil {
				return err
			}
			out := struct {
				Schema int       `json:"schema"`
				Job    jobView   `json:"job"`
				Jobs   []jobView `json:"jobs"`
			}{schema, jobJSON(ended[0]), nil}
			for _, j := range ended {
				out.Jobs = append(out.Jobs, jobJSON(j))
			}
			return r.writeResult(out, func() {
				for _, j := range ended {
					r.printf("Job canceled: %s (%s)\n", activityText(j.Activity), j.Subject())
				}
			})
		},
	}
	return addJobTargetFlags(r, cmd, &image)
}

func cancelJobs(r *runner, cmd *cobra.Command, image string) ([]app.RunningJob, error) {
	if image != "" {
		j, err := r.svc.CancelImageJob(cmd.Context(), image)
		return []app.RunningJob{j}, err
	}
	return r.svc.CancelJobs(cmd.Context(), r.vm)
}

// addJobTargetFlags adds --vm and --image, which cannot be combined.
func addJobTargetFlags(r *runner, cmd *cobra.Command, image *string) *cobra.Command {
	addVMFlag(r, cmd)
	cmd.Flags().StringVar(image, "image", "", "`NAME` of an image, as shown by 'job list', instead of a VM")
	_ = cmd.RegisterFlagCompletionFunc("image", r.completeJobImage) // cannot fail: the flag exists
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("vm") && cmd.Flags().Changed("image") {
			return usagef(cmd, "--vm and --image cannot be combined")
		}
		return nil
	}
	return cmd
}

// completeJobImage offers the images that have a running job.
func (r *runner) completeJobImage(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	jobs, err := r.svc.RunningJobs(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, j := range jobs {
		if j.Image != "" {
			names = append(names, j.Image+"\t"+activityText(j.Activity))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
