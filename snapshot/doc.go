// Package snapshot creates, lists, verifies, restores and deletes the snapshots of one disk;
// see [Store]. It works on files and readers, and must not know about running VMs or front
// ends.
//
// A snapshot is a self-contained file (package gzfile documents the format) and a row in a
// list. The files are authoritative: rows and chunk indexes are caches. So a file copied into
// the folder by hand is a snapshot like any other, and a lost row or index can be rebuilt.
//
// # Locks
//
// The caller must hold the VM's job lock for everything that changes snapshots or the undo
// disk. For Restore and Undo it must also hold the VM's own lock, so that nothing uses the
// disk. The store itself briefly holds the rows' lock. Reading (List, Get, Reserve, Verify,
// Export, UndoInfo) needs no lock.
//
// # Failures
//
// A snapshot gets its name, and a disk is replaced, only when the new file is complete,
// checked and durable. After an error or the end of the context no temporary file remains,
// and all goroutines have ended.
//
// # Adding a field
//
// A new field of a snapshot goes into Request, gzfile.Header with Request.header and
// infoFromHeader, and Info with row, rowFromInfo and row.info; TestRowKeepsEveryField checks the latter.
package snapshot
