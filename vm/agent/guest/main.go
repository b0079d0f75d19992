//go:build linux

// The agent: a small static program that runs in a guest and does what the
// host's client asks over a virtio-serial port (see package wire). It keeps
// nothing on the guest's disk, so that it works while the disk is frozen, and
// it must never depend on what started it on the host.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	grow := flag.Bool("grow-root", false, "let the ext4 root file system fill its disk")
	flag.Parse()
	if *grow {
		if err := growRoot(); err != nil {
			note("growing the root file system: %v", err)
		}
	}
	_ = os.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	// An agent that died while it held the disk frozen left it so.
	thawAll()

	s := newServer()
	leave := make(chan os.Signal, 1)
	signal.Notify(leave, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	go func() {
		<-leave
		s.endSession()
		os.Exit(0)
	}()
	s.servePort()
}

// note writes a line to the kernel's log: it is never on the disk, and the
// console stays clean.
func note(format string, args ...any) {
	log, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer log.Close()
	fmt.Fprintf(log, "<5>vmterminal-agent: "+format+"\n", args...)
}
