//go:build linux

package main

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent/wire"
)

// maxAddresses limits the number of reported addresses.
const maxAddresses = 64

// collectInfo returns information about the guest. Fields that cannot be determined are
// empty.
func collectInfo() *wire.Info {
	info := &wire.Info{Version: wire.Version, Addresses: listAddresses()}
	info.Hostname, _ = os.Hostname()
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		info.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	var fs unix.Statfs_t
	if unix.Statfs("/", &fs) == nil {
		info.DiskTotal = int64(fs.Blocks) * fs.Bsize
		info.DiskFree = int64(fs.Bavail) * fs.Bsize
	}
	return info
}

func listAddresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var list []string
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if ok && n.IP.IsGlobalUnicast() && len(list) < maxAddresses {
			list = append(list, n.IP.String())
		}
	}
	return list
}
