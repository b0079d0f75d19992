//go:build !nogui

package desktop

import "fyne.io/fyne/v2/lang"

// Actions on VMs and snapshots, and the questions that they ask.

func textPause() string        { return lang.L("Pause") }
func textResume() string       { return lang.L("Resume") }
func textRestart() string      { return lang.L("Restart") }
func textSettings() string     { return lang.L("Settings") }
func textCloneVM() string      { return lang.L("Clone") }
func textFromSnapshot() string { return lang.L("New VM from this") }
func textRename() string       { return lang.L("Rename") }
func textDescribe() string     { return lang.L("Describe") }
func textPin() string          { return lang.L("Pin: keep it from pruning") }
func textUnpin() string        { return lang.L("Unpin") }
func textVerify() string       { return lang.L("Verify") }
func textVerifyAll() string    { return lang.L("Verify all") }
func textExport() string       { return lang.L("Export") }
func textImport() string       { return lang.L("Import") }
func textSave() string         { return lang.L("Save") }
func textDiscard() string      { return lang.L("Discard the kept disk") }
func textStorage() string      { return lang.L("Storage") }
func textShow() string         { return lang.L("Show") }
func textCopyCommand() string  { return lang.L("Copy the command") }
func textLookAgain() string    { return lang.L("Look again") }

func textSettingsOf(vm string) string { return lang.L("Settings of {{.VM}}", with{"VM": vm}) }
func textAccelerator() string         { return lang.L("Accelerator") }
func textDiskGrows() string           { return lang.L("It can only grow") }

func textForwards() string     { return lang.L("Forwarded ports") }
func textForwardsHint() string { return lang.L("Of this computer, and of the guest: 8080:80, 2222:22") }

func textWrongForwards() string {
	return lang.L("Pairs of ports from 1 to 65535, each of this computer once: 8080:80, 2222:22")
}

func textIsolated() string {
	return lang.L("Isolated: the guest reaches no network, and not this computer")
}

func textShares() string    { return lang.L("Shared folders") }
func textAddFolder() string { return lang.L("Add folder") }
func textReadOnly() string  { return lang.L("Read only") }
func textRemove() string    { return lang.L("Remove") }
func textNoShares() string  { return lang.L("The guest sees none of this computer's files.") }

func textShareAt(dir string) string { return lang.L("{{.Dir}} in the guest", with{"Dir": dir}) }

func textShareMissing(why string) string {
	return lang.L("Not there now: {{.Why}}", with{"Why": why})
}

func textUEFI() string         { return lang.L("Start it by UEFI, even if it does not look so") }
func textStartsByUEFI() string { return lang.L("The guest is started by UEFI firmware.") }

func textImagesTake(size string) string {
	return lang.L("Images kept for new VMs take {{.Size}}.", with{"Size": size})
}

func textHostHas(n string) string { return lang.L("This computer has {{.N}}", with{"N": n}) }

func textHostFree(size string) string {
	return lang.L("{{.Size}} are free where VMs are kept", with{"Size": size})
}

func textSettingsRunning() string {
	return lang.L("CPUs, memory, accelerator, network and shared folders count from the next start on. Name and disk can be changed once it is stopped.")
}

func textSettingsRunningLive() string {
	return lang.L("Forwarded ports count at once; CPUs, memory, accelerator, isolation and shared folders from the next start on. Name and disk can be changed once it is stopped.")
}

func textForwardsPending(ports string) string {
	return lang.L("From the next start on: {{.Ports}}", with{"Ports": ports})
}

func textForwardsOld(ports string) string {
	return lang.L("Until it stops: {{.Ports}}", with{"Ports": ports})
}

func textSettingsStopped() string {
	return lang.L("Changes apply from the next start on.")
}

func textCloneTitle(vm string) string { return lang.L("Clone {{.VM}}", with{"VM": vm}) }

func textCloneAbout() string {
	return lang.L("A new VM with a copy of the disk as it is now, and an identity of its own. Its snapshots are not copied.")
}

func textFromSnapshotTitle(name string) string {
	return lang.L("New VM from “{{.Name}}”", with{"Name": name})
}

func textFromSnapshotAbout() string {
	return lang.L("A new VM with the disk as it was then, and an identity of its own. The VM it comes from stays as it is.")
}

func textDiscardTitle(vm string) string {
	return lang.L("Discard the kept disk of {{.VM}}?", with{"VM": vm})
}

func textDiscardAbout(size string) string {
	return lang.L("It frees {{.Size}}. The last restore can then no longer be undone. The present disk and all snapshots stay.", with{"Size": size})
}

func textUndoOffer(vm, snapshot, age, size string) string {
	values := with{"VM": vm, "Name": snapshot, "Age": age, "Size": size}
	if snapshot == "" {
		return lang.L("The disk of {{.VM}} was replaced {{.Age}}. The one before is kept ({{.Size}}).", values)
	}
	return lang.L("{{.VM}} went back to “{{.Name}}” {{.Age}}. The disk before is kept ({{.Size}}).", values)
}

func textNoQEMU(found, mend string) string {
	return lang.L("VMs cannot run: {{.Found}}. To mend it: {{.Mend}}", with{"Found": found, "Mend": mend})
}

func textSlow(why string) string {
	return lang.L("VMs run several times slower here: {{.Why}}", with{"Why": why})
}

func textLittleSpace(found string) string {
	return lang.L("The disk with the VMs is nearly full: {{.Found}}", with{"Found": found})
}

func textFree(free, total string) string {
	return lang.L("{{.Free}} of {{.Total}} are free where VMs and snapshots are kept.", with{"Free": free, "Total": total})
}

func textKeptForUndo() string { return lang.L("Kept for undo") }

func textGivesBack(takes, frees string) string {
	return lang.L("{{.Takes}}, deleting it gives back {{.Frees}}", with{"Takes": takes, "Frees": frees})
}

func textSnapshotsCount(n int) string { return lang.N("{{.N}} snapshots", n, with{"N": n}) }

func textExportTitle(name string) string { return lang.L("Export “{{.Name}}”", with{"Name": name}) }

func textExportHint() string {
	return lang.L("One plain gzip file: any gzip tool gives back the disk")
}

func textFile() string          { return lang.L("File") }
func textWholePath() string     { return lang.L("A whole path is needed, beginning with / or ~/") }
func textChooseFolder() string  { return lang.L("Choose a folder") }
func textChooseFile() string    { return lang.L("Choose a file") }
func textFileOrAddress() string { return lang.L("File or address") }

func textImportTitle(vm string) string {
	return lang.L("Import a snapshot into {{.VM}}", with{"VM": vm})
}

func textImportHint() string {
	return lang.L("A .raw.gz file, here or at http(s)://…: it is checked whole before it is listed")
}

func textImportName() string { return lang.L("Empty: the name that it carries") }

func textNoDescription() string { return lang.L("Add a description…") }
func textImported() string      { return lang.L("imported") }
func textPinned() string        { return lang.L("pinned") }
func textVerified() string      { return lang.L("verified") }
func textNotPruned() string     { return lang.L("pruning leaves it alone") }
func textFactFrees() string     { return lang.L("Frees") }
func textFactVerified() string  { return lang.L("Verified") }
func textFactPinned() string    { return lang.L("Pinned") }

func textSystem() string       { return lang.L("System") }
func textBuiltin() string      { return lang.L("Built-in Linux") }
func textBuiltinAbout() string { return lang.L("Small, there at once, nothing is downloaded") }

func textImageOf(system string) string {
	return lang.L("{{.Name}}, from its project's image", with{"Name": system})
}

func textDebianPackages() string { return lang.L("Debian, built here of packages") }

func textDebianPackagesAbout() string {
	return lang.L("Some minutes the first time, from the mirror that this computer uses")
}

func textOwnImage() string      { return lang.L("An image of my own") }
func textOwnImageAbout() string { return lang.L("Raw or qcow2, packed or not") }
