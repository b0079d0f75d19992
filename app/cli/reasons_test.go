package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vmterminal/app"
	"vmterminal/app/problem"
)

func TestEveryReasonIsRendered(t *testing.T) {
	texts := map[string]string{}
	for _, c := range app.ExitCodes {
		texts["exit/"+string(c)] = exitReasonText(app.ExitReason{Code: c})
	}
	for _, c := range app.PauseCodes {
		texts["pause/"+string(c)] = pauseText(app.PauseReason{Code: c})
	}
	for _, c := range app.FillCodes {
		texts["fill/"+string(c)] = fillProblemText(app.FillProblem{Code: c, Detail: "chunk 7"})
	}
	for _, c := range app.ReplacedDiskCodes {
		texts["replaced disk/"+string(c)] = replacedDiskText(app.ReplacedDisk{Code: c})
	}
	for _, c := range app.ShareCodes {
		texts["share/"+string(c)] = shareText(app.ShareProblem{Code: c, Detail: "no 9p"})
	}
	for _, c := range app.AcceleratorCodes {
		texts["accelerator/"+string(c)] = acceleratorText(app.VM{Accelerator: "kvm", AcceleratorReason: app.AcceleratorReason{Code: c}})
	}
	for _, c := range app.SnapshotPurposes {
		texts["purpose/"+c] = descriptionText(app.Snapshot{Purpose: app.SnapshotPurpose{Code: c, Value: "30m"}})
	}
	for _, c := range app.ImageNoteCodes {
		texts["image note/"+string(c)] = strings.TrimPrefix(imageNoteText(app.FoundImage{Note: app.ImageNote{Code: c}}), string(c))
	}
	for _, c := range app.StopCodes {
		texts["stop/"+string(c)] = stopText("dev", app.StopStep{Code: c})
	}
	for name, text := range texts {
		if _, code, _ := strings.Cut(name, "/"); text == "" || strings.Contains(text, "("+code+")") {
			t.Errorf("%s: got %q, want a description", name, text)
		}
	}
}

func TestTextsOfReasons(t *testing.T) {
	saved := app.ReplacedDisk{Code: app.ReplacedDiskSaved, Path: "/d/disk.raw.saved-1"}
	for name, c := range map[string]struct{ got, want string }{
		"forced after a time": {
			exitReasonText(app.ExitReason{Code: app.ExitForcedAfter, Grace: 20 * time.Second}),
			"forced off after 20 s: the guest did not power off",
		},
		"signal": {exitReasonText(app.ExitReason{Code: app.ExitQEMUCrashed, Signal: "killed"}), "QEMU crashed: signal: killed"},
		"core dump": {
			exitReasonText(app.ExitReason{Code: app.ExitQEMUCrashed, Signal: "segmentation fault", CoreDumped: true}),
			"QEMU crashed: signal: segmentation fault (core dumped)",
		},
		"exit status": {exitReasonText(app.ExitReason{Code: app.ExitQEMUCrashed, ExitStatus: 1}), "QEMU crashed: exit status 1"},
		"without a supervisor": {
			exitReasonText(app.ExitReason{Code: app.ExitStopped, NoSupervisor: true}),
			"stopped on request (its supervisor was gone)",
		},
		"replaced disk": {
			exitText(app.VM{ExitReason: app.ExitReason{Code: app.ExitForced}, ReplacedDisk: saved}),
			"forced off on request; disk.raw was replaced by another file while the VM ran; what the guest wrote was saved as /d/disk.raw.saved-1",
		},
		"disk of a running VM": {problemText(app.VM{DiskReplaced: true}), diskReplacedText},
		"broken VM":            {problemText(app.VM{Problem: problem.Problem{Cause: "no disk"}}), "no disk"},
		"nothing known":        {exitText(app.VM{}) + problemText(app.VM{}) + shareText(app.ShareProblem{}), ""},
		"accelerator": {
			acceleratorText(app.VM{Accelerator: "tcg", AcceleratorReason: app.AcceleratorReason{Code: "no_device"}}),
			"there is no /dev/kvm; using emulation",
		},
		"accelerator, earlier version": {
			acceleratorText(app.VM{AcceleratorReason: app.AcceleratorReason{Text: "kvm runs guests"}}), "kvm runs guests",
		},
		"accelerator, later version": {
			acceleratorText(app.VM{AcceleratorReason: app.AcceleratorReason{Code: "moon"}}), "unknown reason (moon)",
		},
		"damaged snapshot": {
			snapshotProblemText(app.Snapshot{
				Problem:       problem.Problem{Code: problem.SnapshotDamaged, Cause: "damaged: torn"},
				DamageFoundAt: time.Date(2026, 11, 24, 12, 0, 0, 0, time.Local),
			}),
			"found on 2026-11-24: damaged: torn",
		},
		"missing snapshot": {
			snapshotProblemText(app.Snapshot{File: "/s/a.raw.gz", Problem: problem.Problem{Code: problem.SnapshotFileMissing}}),
			"its file /s/a.raw.gz is gone",
		},
		"automatic snapshot": {
			descriptionText(app.Snapshot{Purpose: app.SnapshotPurpose{Code: app.PurposeAutomatic, Value: "30m"}}),
			"Taken automatically, every 30m",
		},
		"automatic snapshot, described": {
			descriptionText(app.Snapshot{Description: "mine", Purpose: app.SnapshotPurpose{Code: app.PurposeAutomatic}}), "mine",
		},
		"filling":                {fillingText(app.VM{State: app.Running, Filling: &app.Filling{Source: "one", Done: 409, Total: 1000}}), "being filled in from 'one': 40 %"},
		"filling not begun":      {fillingText(app.VM{State: app.Starting, Filling: &app.Filling{Source: "one"}}), "being filled in from 'one'"},
		"filling of stopped VM":  {fillingText(app.VM{State: app.Stopped, Filling: &app.Filling{Source: "one"}}), "not completely filled in from 'one'; the rest is copied while the VM runs"},
		"filling, later version": {fillingText(app.VM{State: app.Running, Filling: &app.Filling{Source: "one", Problem: app.FillProblem{Code: "lunch"}}}), "filling in from 'one' has stopped: unknown reason (lunch)"},
		"filling without space": {
			fillingText(app.VM{State: app.Paused, Filling: &app.Filling{Source: "one", Done: 1, Total: 2, Problem: app.FillProblem{Code: app.FillNoSpace}}}),
			"filling in from 'one' has stopped at 50 %: the host's disk is full; it continues when there is space",
		},
		"exit, earlier version":    {exitText(app.VM{ExitReason: app.ExitReason{Text: "QEMU died"}}), "QEMU died"},
		"pause, earlier version":   {problemText(app.VM{PauseReason: app.PauseReason{Text: "it failed"}}), "it failed"},
		"share, earlier version":   {shareText(app.ShareProblem{Detail: "no 9p"}), "no 9p"},
		"stop, earlier version":    {stopText("dev", app.StopStep{Text: "cutting the power"}), "cutting the power"},
		"exit, later version":      {exitReasonText(app.ExitReason{Code: "vanished"}), "unknown reason (vanished)"},
		"pause, later version":     {problemText(app.VM{PauseReason: app.PauseReason{Code: "tired"}}), "unknown reason (tired)"},
		"share, later version":     {shareText(app.ShareProblem{Code: "moved"}), "unknown reason (moved)"},
		"disk, later version":      {replacedDiskText(app.ReplacedDisk{Code: "eaten"}), "may be lost: unknown reason (eaten)"},
		"stop step, later version": {stopText("dev", app.StopStep{Code: "waving"}), "stopping (waving)"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}

func TestReasonsInJSON(t *testing.T) {
	for name, c := range map[string]struct {
		vm   app.VM
		want string
	}{
		"crash": {
			app.VM{ExitReason: app.ExitReason{Code: app.ExitQEMUCrashed, Signal: "killed", Detail: "last words"}},
			`"left":"QEMU crashed: signal: killed","exit_reason":{"code":"qemu_crashed","signal":"killed","detail":"last words"}`,
		},
		"earlier version": {app.VM{ExitReason: app.ExitReason{Text: "QEMU died"}}, `"left":"QEMU died"}`},
		"filling": {
			app.VM{Filling: &app.Filling{Source: "one", Done: 1, Total: 2, Problem: app.FillProblem{Code: app.FillFailed, Detail: "no"}}},
			`"filling":{"source":"one","done":1,"total":2,"problem":"failed","detail":"no"}`,
		},
		"paused": {
			app.VM{PauseReason: app.PauseReason{Code: app.PauseDiskFull}}, `"pause_reason":"disk_full"`,
		},
	} {
		got, err := json.Marshal(vmJSON(c.vm))
		if err != nil || !strings.Contains(string(got), c.want) {
			t.Errorf("%s: got %s, error %v; want JSON that contains %s", name, got, err, c.want)
		}
	}
}
