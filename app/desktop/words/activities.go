package words

import (
	"cmp"
	"strconv"

	"vmterminal/app"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// Activity returns in the user's language what a process is doing, or "" if unknown.
func Activity(a durable.Activity) string { return activityText(translate, a) }

// activityTexts complete the sentence "process 7 is ...".
var activityTexts = map[string]string{
	"copy_in":           "copying {{.Name}}",
	"copy_out":          "copying {{.Name}}",
	"debian_build":      "building Debian {{.Name}} from packages",
	"debian_remove":     "removing the disks built from Debian {{.Name}}",
	"disk_grow":         "growing the disk",
	"image_base":        "preparing fast first snapshots of VMs created from the image '{{.Name}}'",
	"image_disk":        "creating a disk from the image '{{.Name}}'",
	"image_download":    "downloading an image from {{.Name}}",
	"image_get":         "getting the image '{{.Name}}'",
	"image_remove":      "removing the image",
	"image_sweep":       "removing leftover files",
	"snapshot_create":   "taking snapshot '{{.Name}}'",
	"snapshot_delete":   "deleting snapshot '{{.Name}}'",
	"snapshot_describe": "describing snapshot '{{.Name}}'",
	"snapshot_import":   "importing a snapshot",
	"snapshot_pin":      "pinning snapshot '{{.Name}}'",
	"snapshot_prune":    "pruning snapshots",
	"snapshot_rename":   "renaming snapshot '{{.Name}}'",
	"snapshot_restore":  "restoring snapshot '{{.Name}}'",
	"snapshot_unpin":    "unpinning snapshot '{{.Name}}'",
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

// Texts for activities of a newer version, for a VM or image that is in use, and for a job that
// did not stop when it was canceled.
const (
	workingText   = "working"
	workingOnText = "working on '{{.Name}}'"
	vmBusyText    = "VM '{{.VM}}' is busy: process {{.PID}} is {{.Doing}}"
	imageBusyText = "image '{{.Image}}' is busy: process {{.PID}} is {{.Doing}}"
	unstoppedText = "the job did not stop in time: process {{.PID}} is {{.Doing}}"
	busyText      = "another job is running: process {{.PID}} is {{.Doing}}"
)

// activityText returns what a process is doing, or "" if unknown.
func activityText(render func(text string, values Values) string, a durable.Activity) string {
	if a.Code == "" {
		return app.Plain(a.Name) // a phrase of an earlier version
	}
	text := activityTexts[a.Code]
	if text == "" && a.Name != "" {
		text = workingOnText
	}
	return render(cmp.Or(text, workingText), Values{"Name": app.Plain(a.Name)})
}

// busyDetail names the process that uses the VM or image an operation needs, or that did not
// stop when its job was canceled.
func busyDetail(render func(text string, values Values) string, p problem.Problem) string {
	activity := durable.Activity{Code: p.Holder.Activity, Name: p.Holder.Name}
	values := Values{"VM": p.Operation.VM, "Image": p.Operation.Image, "PID": strconv.Itoa(p.Holder.PID), "Doing": cmp.Or(activityText(render, activity), render(workingText, nil))}
	switch {
	case p.Code == problem.WrongState:
		return render(unstoppedText, values)
	case p.Operation.VM != "":
		return render(vmBusyText, values)
	case p.Operation.Image != "":
		return render(imageBusyText, values)
	default:
		return render(busyText, values)
	}
}
