// Package torture holds nothing but tests: they try to destroy data, and look
// whether what the program promised is still there.
//
// # Power cuts
//
// A scenario of use cases runs in a process of its own (subject) on a file
// system whose block device writes down every write and every flush (blocklog),
// and says after each use case that it is done. From what was written down,
// the disk is made as a power cut at any moment could have left it: with what
// was flushed, and with any part of what was not. Each such disk is mounted
// (loopfs), so that the file system repairs itself, and then the store on it
// must be exactly as it was after the last use case that was done, or after the
// one that was just going on: never less, never a mixture. Then the next use
// case must work at once, and leave nothing of the one that was cut off.
//
// A second method shuts the file system down while the scenario runs, at
// random moments, and mounts it again.
//
// # Killed commands, failing calls, full disks
//
// A trial is one use case as a command (package command: the program's own, on a
// small disk), on a store that has all there is. A bench does it again and again,
// each time from the same store on, and disturbs it. Before each system call that
// the command makes on the store (package calls) it is killed, or told that the
// call has failed: for want of room or with an input/output error, once or from
// then on for ever. It is also killed at random moments, while its threads run
// freely; only kills that hit a live process count. And it is done on a tmpfs
// with a few pages left, or none.
//
// After a kill the store is as before or as after the use case, and after it if
// the command had said so. After a fault the error is told in one line with its
// exit code, and nothing has changed; or it is said that all is done, though
// perhaps not durably. Every other snapshot is as it was, byte for byte. What was
// not done is done at once when it is asked for again, and then nothing is left.
//
// # What runs is killed
//
// A living is a store with one VM of the built-in guest, run by the program
// itself. At a random moment while it boots, floods its console, is idle, is
// snapshotted, or stops, its host process, its QEMU, both, or the command that
// goes on is killed. Where it can the same guest goes on; then the next commands
// must work: state, guest commands, console, a snapshot of a guest that is not
// frozen. What was being taken verifies or is not there, and of a VM that is off
// nothing runs and nothing is left. This needs no root.
//
// # Rot
//
// A patient is a VM with one snapshot, whose file is changed, cut, lengthened,
// forged, or something else altogether. Each time it must be found damaged, and
// restored never, unless what is wrong with it is not met: chunks that the present
// disk has are taken from there, zeros need not be read where there is an index,
// and some bits of a deflate stream mean nothing. Then the disk is the right one.
//
// # Races
//
// A crowd is many processes of random commands on one store. A snapshot can only
// be made where there is none, and go where there is one: so for each name those
// that came, less those that went, by what each process was told, are those that
// are there. And a VM is started while its disk is restored: whoever wins, QEMU
// has the disk open that is the VM's.
//
// # Guards
//
// That a test holds a guard is shown by taking the guard away: the subject, or
// another package's test, is built with the tag unguarded (package guard), and
// then a state must be found that is not as it should be, or the test turns red.
//
// Everything is mounted in a mount namespace of the tests' own, on a tmpfs, with
// loop devices that clear themselves: however the tests end, the kernel leaves
// nothing of it. That takes root; without it the tests are skipped.
//
// Seeds are printed with what they found, and VMTERMINAL_TORTURE_SEED sets one.
// VMTERMINAL_TORTURE=1, which is make torture, tries every state there is, and
// more random ones; without it a share of them is tried.
package torture
