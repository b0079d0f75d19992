package app

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"vmterminal/app/problem"
)

// ErrHangup is the cause of a context that SIGHUP canceled.
var ErrHangup = errors.New("hangup")

// InterruptibleContext returns a context that the first SIGINT, SIGTERM or SIGHUP cancels,
// until stop is called. Another SIGINT or SIGTERM exits the process with
// problem.ExitInterrupted. Another SIGHUP does not, because a closing terminal causes several:
// from the kernel and from the shell. A SIGHUP that the process was started to ignore,
// as by nohup, stays ignored.
func InterruptibleContext() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		for s := range signals {
			if ctx.Err() != nil && s != syscall.SIGHUP {
				os.Exit(problem.ExitInterrupted)
			}
			if s == syscall.SIGHUP {
				cancel(ErrHangup)
			} else {
				cancel(nil)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}
