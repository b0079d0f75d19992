package problem

import (
	"fmt"
	"strings"
)

// An Operation describes what was being done: a code and its arguments. Arguments that do not
// apply are empty.
type Operation struct {
	Code OperationCode `json:"code"`
	// VM is the VM's name; empty means the active VM, if the operation is on a VM.
	VM       string `json:"vm,omitempty"`
	Snapshot string `json:"snapshot,omitempty"`
	Image    string `json:"image,omitempty"`
	// Name is the new name in a rename or clone.
	Name string `json:"name,omitempty"`
	// File is a path or a URL.
	File string `json:"file,omitempty"`
	// Key is the name of a setting, and Value its value as text.
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
}

// Map returns o with f applied to the code and all arguments.
func (o Operation) Map(f func(string) string) Operation {
	o.Code = OperationCode(f(string(o.Code)))
	for _, arg := range o.arguments() {
		*arg.value = f(*arg.value)
	}
	return o
}

// String formats the operation for logs, such as "snapshot_restore vm=dev snapshot=base".
func (o Operation) String() string {
	var b strings.Builder
	b.WriteString(string(o.Code))
	for _, arg := range o.arguments() {
		if *arg.value != "" {
			fmt.Fprintf(&b, " %s=%s", arg.name, *arg.value)
		}
	}
	return b.String()
}

type argument struct {
	name  string
	value *string
}

func (o *Operation) arguments() []argument {
	return []argument{
		{"vm", &o.VM},
		{"snapshot", &o.Snapshot},
		{"image", &o.Image},
		{"name", &o.Name},
		{"file", &o.File},
		{"key", &o.Key},
		{"value", &o.Value},
	}
}

// OperationCode says what was being done.
type OperationCode string

// The operation codes.
const (
	OpAutomaticSet            OperationCode = "automatic_set"
	OpCommandRun              OperationCode = "command_run"
	OpConfigRead              OperationCode = "config_read"
	OpConfigSet               OperationCode = "config_set"
	OpConfigUnset             OperationCode = "config_unset"
	OpConsoleOpen             OperationCode = "console_open"
	OpConsoleRead             OperationCode = "console_read"
	OpCopyIn                  OperationCode = "copy_in"
	OpCopyOut                 OperationCode = "copy_out"
	OpDownloadList            OperationCode = "download_list"
	OpFilesList               OperationCode = "files_list"
	OpForwardSet              OperationCode = "forward_set"
	OpImageBuiltList          OperationCode = "image_built_list"
	OpImageFind               OperationCode = "image_find"
	OpImageImport             OperationCode = "image_import"
	OpImageJobCancel          OperationCode = "image_job_cancel"
	OpImageJobWait            OperationCode = "image_job_wait"
	OpImageList               OperationCode = "image_list"
	OpImagePull               OperationCode = "image_pull"
	OpImageRemove             OperationCode = "image_remove"
	OpJobCancel               OperationCode = "job_cancel"
	OpJobHistory              OperationCode = "job_history"
	OpJobList                 OperationCode = "job_list"
	OpJobWait                 OperationCode = "job_wait"
	OpLogRead                 OperationCode = "log_read"
	OpPackageInstall          OperationCode = "package_install"
	OpPackageList             OperationCode = "package_list"
	OpPackageRemove           OperationCode = "package_remove"
	OpPackageSearch           OperationCode = "package_search"
	OpPackageUpdate           OperationCode = "package_update"
	OpPackageUpgrade          OperationCode = "package_upgrade"
	OpShareCheck              OperationCode = "share_check"
	OpShareSet                OperationCode = "share_set"
	OpShellOpen               OperationCode = "shell_open"
	OpSnapshotBoot            OperationCode = "snapshot_boot"
	OpSnapshotClone           OperationCode = "snapshot_clone"
	OpSnapshotCreate          OperationCode = "snapshot_create"
	OpSnapshotCreateAutomatic OperationCode = "snapshot_create_automatic"
	OpSnapshotDelete          OperationCode = "snapshot_delete"
	OpSnapshotDescribe        OperationCode = "snapshot_describe"
	OpSnapshotExport          OperationCode = "snapshot_export"
	OpSnapshotImport          OperationCode = "snapshot_import"
	OpSnapshotList            OperationCode = "snapshot_list"
	OpSnapshotPin             OperationCode = "snapshot_pin"
	OpSnapshotPrune           OperationCode = "snapshot_prune"
	OpSnapshotRename          OperationCode = "snapshot_rename"
	OpSnapshotRestore         OperationCode = "snapshot_restore"
	OpSnapshotServe           OperationCode = "snapshot_serve"
	OpSnapshotShow            OperationCode = "snapshot_show"
	OpSnapshotUnpin           OperationCode = "snapshot_unpin"
	OpSnapshotVerify          OperationCode = "snapshot_verify"
	OpSnapshotVerifyAll       OperationCode = "snapshot_verify_all"
	OpSSHOpen                 OperationCode = "ssh_open"
	OpStorageShow             OperationCode = "storage_show"
	OpStoreOpen               OperationCode = "store_open"
	OpTryEnd                  OperationCode = "try_end"
	OpTryRun                  OperationCode = "try_run"
	OpUndoDiscard             OperationCode = "undo_discard"
	OpUndoRestore             OperationCode = "undo_restore"
	OpVMChange                OperationCode = "vm_change"
	OpVMClone                 OperationCode = "vm_clone"
	OpVMCreate                OperationCode = "vm_create"
	OpVMCreateDebian          OperationCode = "vm_create_debian"
	OpVMCreateImage           OperationCode = "vm_create_image"
	OpVMDelete                OperationCode = "vm_delete"
	OpVMFind                  OperationCode = "vm_find"
	OpVMKeep                  OperationCode = "vm_keep"
	OpVMList                  OperationCode = "vm_list"
	OpVMPause                 OperationCode = "vm_pause"
	OpVMRename                OperationCode = "vm_rename"
	OpVMRestart               OperationCode = "vm_restart"
	OpVMResume                OperationCode = "vm_resume"
	OpVMStart                 OperationCode = "vm_start"
	OpVMStop                  OperationCode = "vm_stop"
	OpVMUse                   OperationCode = "vm_use"
)

// Operations are all operation codes.
var Operations = []OperationCode{
	OpAutomaticSet, OpCommandRun, OpConfigRead, OpConfigSet, OpConfigUnset,
	OpConsoleOpen, OpConsoleRead, OpCopyIn, OpCopyOut, OpDownloadList, OpFilesList, OpForwardSet,
	OpImageBuiltList, OpImageFind, OpImageImport, OpImageJobCancel, OpImageJobWait, OpImageList,
	OpImagePull, OpImageRemove, OpJobCancel, OpJobHistory, OpJobList, OpJobWait, OpLogRead,
	OpPackageInstall, OpPackageList, OpPackageRemove, OpPackageSearch, OpPackageUpdate,
	OpPackageUpgrade, OpShareCheck, OpShareSet, OpShellOpen, OpSnapshotBoot, OpSnapshotClone, OpSnapshotCreate,
	OpSnapshotCreateAutomatic, OpSnapshotDelete, OpSnapshotDescribe, OpSnapshotExport,
	OpSnapshotImport, OpSnapshotList, OpSnapshotPin, OpSnapshotPrune, OpSnapshotRename,
	OpSnapshotRestore, OpSnapshotServe, OpSnapshotShow, OpSnapshotUnpin, OpSnapshotVerify, OpSnapshotVerifyAll,
	OpSSHOpen, OpStorageShow, OpStoreOpen, OpTryEnd, OpTryRun, OpUndoDiscard, OpUndoRestore,
	OpVMChange, OpVMClone, OpVMCreate, OpVMCreateDebian, OpVMCreateImage, OpVMDelete, OpVMFind,
	OpVMKeep, OpVMList, OpVMPause, OpVMRename, OpVMRestart, OpVMResume, OpVMStart, OpVMStop, OpVMUse,
}
