package cli

import (
	"strings"

	"vmterminal/app"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// activityTexts maps activity codes to texts that complete "process 7 is …".
var activityTexts = map[string]string{
	"copy_in":           "copying {name}",
	"copy_out":          "copying {name}",
	"debian_build":      "building Debian {name} from packages",
	"debian_remove":     "removing the disks built from Debian {name}",
	"disk_grow":         "growing the disk",
	"image_base":        "preparing fast first snapshots of VMs created from the image '{name}'",
	"image_disk":        "creating a disk from the image '{name}'",
	"image_download":    "downloading an image from {name}",
	"image_get":         "getting the image '{name}'",
	"image_remove":      "removing the image",
	"image_sweep":       "removing leftover files",
	"snapshot_create":   "taking snapshot '{name}'",
	"snapshot_delete":   "deleting snapshot '{name}'",
	"snapshot_describe": "describing snapshot '{name}'",
	"snapshot_import":   "importing a snapshot",
	"snapshot_pin":      "pinning snapshot '{name}'",
	"snapshot_prune":    "pruning snapshots",
	"snapshot_rename":   "renaming snapshot '{name}'",
	"snapshot_restore":  "restoring snapshot '{name}'",
	"snapshot_unpin":    "unpinning snapshot '{name}'",
	"snapshots_delete":  "deleting snapshots",
	"undo_discard":      "discarding the undo disk",
	"undo_restore":      "undoing the last restore",
	"vm_clone":          "cloning the VM",
	"vm_create":         "creating the VM",
	"vm_delete":         "deleting the VM",
	"vm_rename":         "renaming the VM",
	"vm_run":            "running the VM",
	"vm_start":          "starting the VM",
	"vm_stop":           "stopping the VM",
}

// activityText describes what a process is doing; it returns "" if that is unknown. JSON output
// contains these texts, too.
func activityText(a durable.Activity) string {
	if a.Code == "" {
		return app.Plain(a.Name) // a phrase from an earlier version
	}
	text, ok := activityTexts[a.Code]
	if !ok {
		text = "working" // a code from a newer version
		if a.Name != "" {
			text += " on '{name}'"
		}
	}
	return strings.ReplaceAll(text, "{name}", app.Plain(a.Name))
}

// describeBusy names the process that uses the VM or image an operation needs, or that did not stop
// when its job was canceled.
func describeBusy(p problem.Problem) string {
	holder := holderText(durable.Holder{PID: p.Holder.PID, Activity: durable.Activity{Code: p.Holder.Activity, Name: p.Holder.Name}})
	if p.Code == problem.WrongState {
		return "the job did not stop in time: " + holder
	}
	subject := "the file"
	switch {
	case p.Operation.VM != "":
		subject = "VM '" + p.Operation.VM + "'"
	case p.Operation.Image != "":
		subject = "image '" + p.Operation.Image + "'"
	}
	return subject + " is busy: " + holder
}
