package job

import (
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/debian"
	"vmterminal/vm/image"
	"vmterminal/vm/image/fetch"
)

// A Phase says what a job is doing. The zero value means that no phase has begun.
type Phase struct {
	Code Code
	// Holder is the process that a job in WaitForProcess waits for.
	Holder durable.Holder
}

// Code identifies a phase. The packages that do the work define their own phases.
type Code string

// The codes. They are untyped, because the Progress interfaces of the packages that do the work
// take strings.
const (
	ScanDisk       = snapshot.PhaseScan
	IndexBase      = snapshot.PhaseIndex
	Compress       = snapshot.PhaseCompress
	RestoreDisk    = snapshot.PhaseRestore
	VerifySnapshot = snapshot.PhaseVerify
	ExportSnapshot = snapshot.PhaseExport
	ImportSnapshot = snapshot.PhaseImport
	CopyDisk       = snapshot.PhaseCopy
	Flush          = snapshot.PhaseFlush

	CheckImage   = image.PhaseCheck
	UnpackImage  = image.PhaseUnpack
	ConvertImage = image.PhaseConvert
	CopyImage    = image.PhaseCopy

	Download      = fetch.PhaseDownload
	RetryDownload = fetch.PhaseRetry

	AwaitBuild      = debian.PhaseWait
	AskMirror       = debian.PhaseAsk
	FetchLists      = debian.PhaseLists
	FetchPackages   = debian.PhaseDownload
	UnpackPackages  = debian.PhaseUnpack
	InstallPackages = debian.PhaseInstall
	SetUpSystem     = debian.PhaseBoot
	PackFiles       = debian.PhasePack
	WriteDisk       = debian.PhaseDisk

	StopVM    = "stop-vm"
	StartVM   = "start-vm"
	AwaitCopy = "await-copy"
	CopyFiles = "copy-files"

	// WaitForProcess means that the job waits for another process, the Phase's Holder, to
	// release a lock.
	WaitForProcess = "wait-for-process"
)

// Codes returns the codes of all phases. The tests of the front ends check that each has a
// text.
func Codes() []Code {
	return []Code{
		ScanDisk, IndexBase, Compress, RestoreDisk, VerifySnapshot, ExportSnapshot, ImportSnapshot, CopyDisk, Flush,
		CheckImage, UnpackImage, ConvertImage, CopyImage, Download, RetryDownload,
		AwaitBuild, AskMirror, FetchLists, FetchPackages, UnpackPackages, InstallPackages, SetUpSystem, PackFiles, WriteDisk,
		StopVM, StartVM, AwaitCopy, CopyFiles, WaitForProcess,
	}
}
