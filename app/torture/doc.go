// Package torture contains only tests. They try to destroy data and verify that the
// program keeps its promises.
//
// # Power cuts
//
// A scenario of use cases runs in a separate process (subject) on a file system whose block
// device records every write and flush (blocklog). The process reports each completed use
// case. From the recording, the tests recreate disks as a power cut at any moment could have
// left them: with everything that was flushed and any part of the rest. Each disk is mounted
// (loopfs), so that the file system recovers. Then the store must be exactly as after the last
// completed use case, or as after the use case in progress, and never in a state between them.
// The next use case must work at once and remove all leftovers.
//
// A lazy disk counts as what its guest would read, so filling it in must not change the store.
//
// A second method shuts down the file system at random moments while the scenario runs, and
// mounts it again.
//
// # Killed commands, failing calls, full disks
//
// A trial is one use case, run as a command on small disks (package command) and on a store
// with every kind of file. A bench repeats it from the same initial store and disturbs it.
// Before each system call on the store (package calls) the command is killed, or the call
// fails: with ENOSPC or EIO, once or from then on. The command is also killed at random
// moments while its threads run freely; only kills of a live process count. Finally, it runs
// on a tmpfs with few or no free pages.
//
// After a kill, the store must be as before or as after the use case, and as after it if the
// command had reported success. After a fault, the command must have completed the use case or
// have changed nothing, and must report which; errors are one line with the right exit code.
// All other snapshots must be unchanged, byte for byte. Repeating the use case must succeed and
// leave nothing behind.
//
// # Killed VMs
//
// These tests run one VM with the built-in guest. At a random moment of its boot, of a console
// flood, an idle time, a snapshot or a shutdown, they kill its supervisor, its QEMU, both, or
// the current command. Where possible, the same guest must continue to run. The next
// commands must work: status, guest commands, the console, and a snapshot of the guest, which
// must not be frozen. An interrupted snapshot must be intact or not exist, and a stopped VM
// must not leave processes or files behind. These tests do not need root.
//
// # Corrupt snapshots
//
// The file of a VM's only snapshot is changed, truncated, extended, forged or replaced. Each
// time the damage must be detected, and the snapshot must not be restored, unless the damage
// does not matter: chunks that the current disk has are read from there, zeros need not be
// read if there is an index, and some bits of a deflate stream are unused. In that case the
// restored disk must be correct.
//
// # Races
//
// Many processes run random commands on one store. A snapshot can be created only under an
// unused name, and only existing snapshots can be deleted. So for each name, the creations
// minus the deletions that processes reported must match the existing snapshots. In another
// test, a VM is started while its disk is restored: in either order, QEMU must use the VM's
// disk.
//
// # Guards
//
// A guard is a measure that protects data, such as a sync or a checksum (package guard). To
// prove that a test covers it, the guard is removed: the subject, or another package's test, is
// built with the tag unguarded. Then there must be an incorrect state, or the test must fail.
//
// Everything is mounted in a separate mount namespace, on a tmpfs, with loop devices that
// detach automatically, so that nothing remains no matter how the tests exit. This needs root;
// without it the tests are skipped.
//
// Failing tests print their seed; VMTERMINAL_TORTURE_SEED sets it. With VMTERMINAL_TORTURE=1,
// as in make torture, the tests try all states and more random states; without it, a sample.
package torture
