package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
)

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		exit int
		line string
	}{
		{
			failed(ErrRunning, unchanged, "restore snapshot 'x' of VM 'dev'"), ExitState,
			"Could not restore snapshot 'x' of VM 'dev': VM is running. The disk is unchanged. Stop it first: vmterminal stop",
		},
		{fmt.Errorf("%w: 'x'", snapshot.ErrNotFound), ExitNotFound, "vmterminal snapshot list"},
		{fmt.Errorf("%w: 'x'", vm.ErrNotFound), ExitNotFound, "vmterminal vm list"},
		{ondisk.CheckName("../x"), ExitUsage, "not a valid name"},
		{&ondisk.Busy{Holder: ondisk.Holder{PID: 7, Doing: "taking snapshot 'x'"}}, ExitState, "process 7 is taking snapshot 'x'"},
		{fmt.Errorf("write: %w", syscall.ENOSPC), ExitNoSpace, "Free some space"},
		{fmt.Errorf("x: %w", snapshot.ErrDamaged), ExitDamaged, ""},
		{failed(context.Canceled, unchanged, "take it"), ExitInterrupted, "cancelled; nothing is left of it"},
		{
			failed(interrupted("the VM goes on powering off"), "", "stop VM 'dev'"), ExitInterrupted,
			"Could not stop VM 'dev': the VM goes on powering off",
		},
		{failed(errStoppedAlready, "", "stop VM 'dev'"), ExitState, "Could not stop VM 'dev': VM is stopped already"},
		{errors.New("something else"), ExitFailure, "something else"},
		{
			failed(ondisk.Done(syscall.EIO), unchanged, "describe snapshot 'x'"), ExitFailure,
			"Could not describe snapshot 'x': input/output error. It is done, but a power cut might undo it.",
		},
		{
			failed(fmt.Errorf("%w: %w", snapshot.ErrNotDurable, ondisk.Done(syscall.EIO)), "The disk is that of the snapshot.", "restore it"),
			ExitFailure, "The disk is that of the snapshot.",
		},
	} {
		p := Explain(c.err)
		if p.Exit != c.exit {
			t.Errorf("%v: exit %d, want %d", c.err, p.Exit, c.exit)
		}
		if !strings.Contains(p.Line(), c.line) {
			t.Errorf("%v: %q lacks %q", c.err, p.Line(), c.line)
		}
	}
}

func TestEveryFailureIsOneHarmlessLine(t *testing.T) {
	p := Explain(failed(errors.New("line one\nline two \x1b[31m\u202e"), "", "do '%s'", Plain("a\nb")))
	for _, r := range p.Line() {
		if r < ' ' || r == '\u202e' {
			t.Fatalf("not harmless: %q", p.Line())
		}
	}
}
