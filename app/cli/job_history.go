package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/units"
)

type endedJobView struct {
	Ended   *time.Time `json:"ended"`
	Kind    string     `json:"kind"`
	VM      string     `json:"vm"`
	Subject string     `json:"subject"`
	TookMS  int64      `json:"took_ms"`
	Outcome string     `json:"outcome"`
	Error   string     `json:"error,omitempty"`
}

func jobHistoryCommand(r *runner) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Show completed jobs, newest first",
		Example: `  vmterminal job history
  vmterminal job history --last 100 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usagef(cmd, "--last must not be negative")
			}
			jobs, err := r.svc.JobHistory(cmd.Context(), limit)
			if err != nil {
				return err
			}
			out := struct {
				Schema int            `json:"schema"`
				Jobs   []endedJobView `json:"jobs"`
			}{schema, []endedJobView{}}
			for _, j := range jobs {
				out.Jobs = append(out.Jobs, endedJobView{
					utcOrNil(j.Ended), string(j.Kind), j.VM, j.Subject, j.TookMS, string(j.Outcome), renderLine(j.Problem, j.Error),
				})
			}
			return r.writeResult(out, func() {
				for _, j := range jobs {
					r.printf("%s\n", formatEndedJob(j))
				}
				if len(jobs) == 0 {
					r.infof("No jobs have ended yet.")
				}
			})
		},
	}
	cmd.Flags().IntVar(&limit, "last", 20, "number of jobs to show; 0 for all")
	return cmd
}

func formatEndedJob(j app.EndedJob) string {
	subject := string(j.Kind)
	if j.Subject != "" {
		subject += " '" + j.Subject + "'"
	}
	took := time.Duration(j.TookMS) * time.Millisecond
	line := fmt.Sprintf("%s  %s (%s): %s after %s", formatTime(j.Ended), subject, j.VM, outcomeText(j.Outcome), units.Duration(took))
	if why := renderLine(j.Problem, j.Error); why != "" {
		line += ": " + why
	}
	return line
}

// outcomeText describes how a job ended. An outcome from a newer version is returned as is.
func outcomeText(o job.Outcome) string {
	if o == job.Canceled {
		return "canceled" // stored with British spelling
	}
	return app.Plain(string(o))
}
