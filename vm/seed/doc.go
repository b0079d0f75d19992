// Package seed makes the disk from which a guest of a cloud's image learns at its
// start who it is: cloud-init's data source NoCloud, a small read-only disk whose
// label is cidata. From it the guest has its name, the one SSH key that opens it,
// the host key by which it is known, and the agent; and lets its file system fill
// the disk.
//
// It knows what cloud-init understands. Images, and how a VM is started, it must
// not know.
package seed
