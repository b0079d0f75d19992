// Package snapshot takes, keeps, restores and deletes the snapshots of one disk.
// It knows files and readers; it must never know VMs as things that run, nor
// who shows its progress.
//
// A snapshot is one file that stands for itself (package gzfile says how it
// looks) and a row in a list. The files are the truth: rows and chunk indexes
// are caches of what the files say, so a file copied in by hand is a snapshot
// like any other, and a lost row or index loses nothing.
//
// # Locks
//
// The caller holds the VM's job lock for all that changes snapshots or the disk
// that is kept for undo, and for Restore and Undo the VM's own lock too, so that
// nothing uses the disk. The store itself takes the rows' lock, for moments.
// Reading (List, Get, Reserve, Verify, Export, UndoInfo) needs no lock.
//
// # When it fails
//
// A snapshot appears under its name, and a disk is replaced, only when the new
// file is whole, checked and durable. After any error, and after the end of the
// context, no part of it is left and no goroutine of it runs.
package snapshot
