package cli

import (
	"fmt"

	"vmterminal/app/job"
	"vmterminal/snapshot/durable"
)

// phaseTexts describes the phases of jobs. JSON output contains these texts, too.
var phaseTexts = map[job.Code]string{
	job.ScanDisk:       "Scanning the disk",
	job.IndexBase:      "Indexing the previous snapshot",
	job.Compress:       "Compressing",
	job.RestoreDisk:    "Restoring",
	job.VerifySnapshot: "Verifying",
	job.ExportSnapshot: "Exporting",
	job.ImportSnapshot: "Importing",
	job.CopyDisk:       "Copying",
	job.Flush:          "Flushing to disk",

	job.CheckImage:   "Checking the image",
	job.UnpackImage:  "Decompressing the image",
	job.ConvertImage: "Writing the disk",
	job.CopyImage:    "Copying the image",

	job.Download:      "Downloading",
	job.RetryDownload: "Retrying the download",

	job.AwaitBuild:      "Waiting for another process to build the same disk",
	job.AskMirror:       "Contacting the mirror",
	job.FetchLists:      "Downloading package lists",
	job.FetchPackages:   "Downloading packages",
	job.UnpackPackages:  "Unpacking packages",
	job.InstallPackages: "Installing packages",
	job.SetUpSystem:     "Setting up",
	job.PackFiles:       "Packing files",
	job.WriteDisk:       "Writing the disk",

	job.StopVM:    "Stopping",
	job.StartVM:   "Starting",
	job.AwaitCopy: "Waiting for another copy",
	job.CopyFiles: "Copying",
}

// holderText describes what the process that holds a lock is doing.
func holderText(h durable.Holder) string {
	if activity := activityText(h.Activity); activity != "" {
		return fmt.Sprintf("process %d is %s", h.PID, activity)
	}
	return fmt.Sprintf("process %d", h.PID)
}

// phaseText describes what a job is doing; it returns "" before the first phase.
func phaseText(p job.Phase) string {
	switch {
	case p.Code == "":
		return ""
	case p.Code == job.WaitForProcess && p.Holder.PID == 0:
		return "Waiting: locked by another process"
	case p.Code == job.WaitForProcess:
		return "Waiting: " + holderText(p.Holder)
	}
	if text, ok := phaseTexts[p.Code]; ok {
		return text
	}
	return "Working"
}
