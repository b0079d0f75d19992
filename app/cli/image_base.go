package cli

import (
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"vmterminal/app"
)

// imageBaseCommand returns the hidden command that writes the base of an image. The Service starts
// this process in a session of its own.
func imageBaseCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use: app.ImageBaseCommand, Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lowerPriority()
			return r.svc.WriteImageBase(cmd.Context(), args[0])
		},
	}
}

// lowerPriority makes this process give way to others, such as a VM that was just created and starts.
// It must be the leader of its session. If it fails, the process just competes with them.
func lowerPriority() {
	const niceness = 10
	_ = unix.Setpriority(unix.PRIO_PGRP, 0, niceness) // for all threads; PRIO_PROCESS would set one
	// Where Linux groups processes by session, it compares the niceness of the groups.
	_ = os.WriteFile("/proc/self/autogroup", []byte(strconv.Itoa(niceness)), 0)
}
