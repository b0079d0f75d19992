package diskfile

// UndoBeside returns the path of the undo disk in the folder of disk, which must not be a
// symbolic link. It is used if disk is on another file system than the usual path of the
// undo disk, which is then a symbolic link to this file.
func UndoBeside(disk string) string { return disk + ".undo" }
