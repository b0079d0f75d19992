package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
)

func TestExplain(t *testing.T) {
	restore := problem.Operation{Code: problem.OpSnapshotRestore, VM: "dev", Snapshot: "x"}
	for _, c := range []struct {
		err  error
		want string
		exit int
	}{
		{
			wrapFailure(ErrRunning, restore, problem.DiskUnchanged),
			"snapshot_restore vm=dev snapshot=x: vm_running: VM is running (disk_unchanged)", problem.ExitState,
		},
		{fmt.Errorf("%w: 'x'", snapshot.ErrNotFound), "snapshot_not_found: ", problem.ExitNotFound},
		{fmt.Errorf("%w: 'x'", vm.ErrNotFound), "vm_not_found: ", problem.ExitNotFound},
		{durable.CheckName("../x"), "name_invalid: ", problem.ExitUsage},
		{
			&durable.Busy{Holder: durable.Holder{PID: 7, Activity: durable.Activity{Code: "snapshot_create", Name: "x"}}},
			"vm_busy: locked by process 7 (snapshot_create x)", problem.ExitState,
		},
		{
			&cancelTimeoutError{durable.Holder{PID: 7, Activity: durable.Activity{Code: "snapshot_create", Name: "x"}}},
			"wrong_state: process 7 (snapshot_create x) did not stop within 30s", problem.ExitState,
		},
		{fmt.Errorf("write: %w", syscall.ENOSPC), "no_space: write: ", problem.ExitNoSpace},
		{fmt.Errorf("x: %w", snapshot.ErrDamaged), "snapshot_damaged: x: ", problem.ExitDamaged},
		{fmt.Errorf("disk.raw: %w", lazydisk.ErrLazy), "disk_unfinished: disk.raw: ", problem.ExitState},
		{fmt.Errorf("%w: its trailer", lazydisk.ErrDamaged), "disk_source_damaged: ", problem.ExitDamaged},
		{lazydisk.ErrNewer, "newer_version: ", problem.ExitState},
		{wrapFailure(context.Canceled, restore, problem.DiskUnchanged), "snapshot=x: canceled (disk_unchanged)", problem.ExitInterrupted},
		{
			wrapFailure(job.Interrupted("the VM continues to shut down"), problem.Operation{Code: problem.OpVMStop, VM: "dev"}),
			"vm_stop vm=dev: canceled: the VM continues to shut down", problem.ExitInterrupted,
		},
		{errors.New("something else"), "unknown: something else", problem.ExitFailure},
		{
			wrapFailure(durable.MarkNotDurable(syscall.EIO), restore, problem.DiskUnchanged),
			": io_error: input/output error (not_durable)", problem.ExitFailure,
		},
		{
			wrapFailure(fmt.Errorf("%w: %w", snapshot.ErrNotDurable, durable.MarkNotDurable(syscall.EIO)), restore, problem.DiskRestored),
			"(disk_restored)", problem.ExitFailure,
		},
		{fmt.Errorf("start: %w", &qemu.Missing{Program: "qemu-system-x86_64"}), "tool_missing: ", problem.ExitFailure},
	} {
		p := Explain(c.err)
		if p.Exit != c.exit || !strings.Contains(p.String(), c.want) {
			t.Errorf("%v: got exit code %d, %q, want %d, %q", c.err, p.Exit, p, c.exit, c.want)
		}
	}
}

func TestExplainNamesHolder(t *testing.T) {
	holder := durable.Holder{PID: 7, Activity: durable.Activity{Code: "snapshot_create", Name: "x"}}
	want := problem.Holder{PID: 7, Activity: "snapshot_create", Name: "x"}
	for _, err := range []error{&durable.Busy{Holder: holder}, &cancelTimeoutError{holder}} {
		if got := Explain(err).Holder; got != want {
			t.Errorf("%v: got holder %+v, want %+v", err, got, want)
		}
	}
}

func TestExplainArgs(t *testing.T) {
	var list map[string]int
	damaged := durable.ParseJSON("/s/vms.json", []byte("{\n\"a\": x}"), &list)
	for _, c := range []struct {
		err  error
		code problem.Code
		want problem.Args
	}{
		{&fs.PathError{Op: "open", Path: "/s/x\x1b", Err: syscall.EACCES}, problem.PermissionDenied, problem.Args{Path: "/s/x?"}},
		{&os.LinkError{Op: "rename", Old: "/a", New: "/b", Err: syscall.EROFS}, problem.ReadOnly, problem.Args{Path: "/b"}},
		{&fs.PathError{Op: "read", Path: "/d", Err: syscall.EIO}, problem.IOError, problem.Args{Path: "/d"}},
		{&snapshot.NoSpace{Dir: "/s", Needed: 7, Free: 5}, problem.NoSpace, problem.Args{Path: "/s", Needed: 7, Free: 5}},
		{fmt.Errorf("x: %w", damaged), problem.JSONDamaged, problem.Args{Path: "/s/vms.json", Line: 2}},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, problem.ConnectionRefused, problem.Args{}},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), problem.TimedOut, problem.Args{}},
	} {
		if got := Explain(c.err); got.Code != c.code || got.Args != c.want {
			t.Errorf("%v: got %s with %+v, want %s with %+v", c.err, got.Code, got.Args, c.code, c.want)
		}
	}
}

func TestExplainMakesTextsPlain(t *testing.T) {
	bad := "line one\nline two \x1b[31m\u202e"
	p := Explain(&Failure{
		Operation: problem.Operation{Code: problem.OpSnapshotRestore, VM: bad, Snapshot: bad, Image: bad, Name: bad, File: bad, Key: bad, Value: bad},
		Disk:      []problem.State{{Code: problem.VMOff, Detail: bad}}, Err: errors.New(bad),
	})
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var parts any
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(parts); got != Plain(got) || strings.Count(got, "line two") != 9 {
		t.Errorf("got %q, want 9 texts that are safe to display", got)
	}
}
