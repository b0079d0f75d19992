package words

import (
	"fyne.io/fyne/v2/lang"

	"vmterminal/app/job"
)

// Phase describes the current phase of a job, or returns "" before its first phase.
func Phase(p job.Phase) string {
	switch p.Code {
	case "":
		return ""
	case job.ScanDisk:
		return lang.L("Scanning the disk")
	case job.IndexBase:
		return lang.L("Indexing the previous snapshot")
	case job.Compress:
		return lang.L("Compressing")
	case job.RestoreDisk:
		return lang.L("Restoring")
	case job.VerifySnapshot:
		return lang.L("Verifying")
	case job.ExportSnapshot:
		return lang.L("Exporting")
	case job.ImportSnapshot:
		return lang.L("Importing")
	case job.CopyDisk, job.CopyFiles:
		return lang.L("Copying")
	case job.Flush:
		return lang.L("Flushing to disk")
	case job.StopVM:
		return lang.L("Stopping")
	case job.StartVM:
		return lang.L("Starting")
	case job.AwaitCopy:
		return lang.L("Waiting for another copy")
	case job.WaitForProcess:
		return waitText(p)
	}
	return imagePhase(p.Code)
}

func waitText(p job.Phase) string {
	if p.Holder.PID == 0 {
		return lang.L("Waiting for another process")
	}
	return lang.L("Waiting: process {{.PID}} is {{.Doing}}", Values{"PID": p.Holder.PID, "Doing": Activity(p.Holder.Activity)})
}

// imagePhase describes a phase of preparing the disk of a new VM.
func imagePhase(code job.Code) string {
	switch code {
	case job.CheckImage:
		return lang.L("Checking the image")
	case job.UnpackImage:
		return lang.L("Decompressing the image")
	case job.ConvertImage:
		return lang.L("Writing the disk")
	case job.CopyImage:
		return lang.L("Copying the image")
	case job.Download:
		return lang.L("Downloading")
	case job.RetryDownload:
		return lang.L("Retrying the download")
	case job.AwaitBuild:
		return lang.L("Waiting for another process to build the same image")
	case job.AskMirror:
		return lang.L("Contacting the mirror")
	case job.FetchLists:
		return lang.L("Downloading package lists")
	case job.FetchPackages:
		return lang.L("Downloading packages")
	case job.UnpackPackages:
		return lang.L("Unpacking packages")
	case job.InstallPackages:
		return lang.L("Installing packages")
	case job.SetUpSystem:
		return lang.L("Setting up the system")
	case job.PackFiles:
		return lang.L("Packing files")
	case job.WriteDisk:
		return lang.L("Creating the disk")
	default: // from a newer version
		return lang.L("Working")
	}
}
