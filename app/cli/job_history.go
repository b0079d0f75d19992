package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
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

func endedJobJSON(j app.EndedJob) endedJobView {
	return endedJobView{utc(j.Ended), string(j.Kind), j.VM, j.Subject, j.TookMS, string(j.Outcome), j.Error}
}

func (f *face) jobHistory() *cobra.Command {
	var most int
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Tell how the last jobs ended, of windows and commands alike, newest first",
		Example: `  vmterminal job history
  vmterminal job history --last 100 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if most < 0 {
				return usagef(cmd, "--last must not be negative")
			}
			jobs, err := f.svc.JobHistory(cmd.Context(), most)
			if err != nil {
				return err
			}
			out := struct {
				Schema int            `json:"schema"`
				Jobs   []endedJobView `json:"jobs"`
			}{schema, []endedJobView{}}
			for _, j := range jobs {
				out.Jobs = append(out.Jobs, endedJobJSON(j))
			}
			return f.data(out, func() {
				for _, j := range jobs {
					f.printf("%s\n", endedLine(j))
				}
				if len(jobs) == 0 {
					f.say("No job has ended yet.")
				}
			})
		},
	}
	cmd.Flags().IntVar(&most, "last", 20, "how many to tell of; 0: all that are remembered")
	return cmd
}

func endedLine(j app.EndedJob) string {
	what := string(j.Kind)
	if j.Subject != "" {
		what += " '" + j.Subject + "'"
	}
	took := time.Duration(j.TookMS) * time.Millisecond
	line := fmt.Sprintf("%s  %s (%s): %s after %s", local(j.Ended), what, j.VM, j.Outcome, took)
	if j.Error != "" {
		line += ": " + j.Error
	}
	return line
}
