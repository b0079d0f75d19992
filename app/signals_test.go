package app

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
)

func sendHangup(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// A closing terminal sends several hangups, from more than one process.
func TestHangupCancelsCommand(t *testing.T) {
	received := make(chan os.Signal, 3) // catches late hangups, which would otherwise end the test
	signal.Notify(received, syscall.SIGHUP)
	defer signal.Stop(received)
	ctx, stop := InterruptibleContext()
	defer stop()
	for range cap(received) {
		sendHangup(t)
		<-received
		<-ctx.Done()
	}
}

// The command nohup starts programs with SIGHUP ignored.
func TestIgnoredHangupStaysIgnored(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	ctx, stop := InterruptibleContext()
	defer stop()
	sendHangup(t)
	if !signal.Ignored(syscall.SIGHUP) || ctx.Err() != nil {
		t.Errorf("got ignored %v, error %v, want true and none", signal.Ignored(syscall.SIGHUP), ctx.Err())
	}
}
