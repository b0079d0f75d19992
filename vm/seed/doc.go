// Package seed writes the seed disk of a guest created from a cloud image: a small ISO
// image with the volume label cidata, which cloud-init's data source NoCloud reads at boot.
// It contains the hostname, the SSH keys, the agent, and the instruction to grow the root
// file system to the size of the disk.
//
// It supports only cloud-init. It must not depend on images or on how a VM is started.
package seed
