//go:build linux

// The agent: a small static program that runs in a guest and does what the
// host's client asks over a virtio-serial port (see package wire). All that it
// keeps on the guest's disk is the identity that the guest took on, so that it
// works while the disk is frozen, and it must never depend on what started it
// on the host.
//
// With -identify ID HOSTNAME it takes that identity on and ends: for guests
// that learn it otherwise, and before their agent runs. With -list-files it tells
// what is on the guest's disk.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"vmterminal/vm/agent/wire"
)

func main() {
	grow := flag.Bool("grow-root", false, "let the ext4 root file system fill its disk")
	identify := flag.Bool("identify", false, "take on the identity given as ID HOSTNAME, and end")
	list := flag.Bool("list-files", false, "list the files of the real file systems to standard output, and end")
	flag.Parse()
	_ = os.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	if *identify {
		d := identifier{root: "/", freezer: &freezer{}}
		if _, err := d.take(wire.Identity{ID: flag.Arg(0), Hostname: flag.Arg(1)}); err != nil {
			note("%v", err)
			os.Exit(1)
		}
		return
	}
	if *list {
		roots, err := realMounts()
		if err == nil {
			err = listFiles(os.Stdout, roots)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if *grow {
		if err := growRoot(); err != nil {
			note("growing the root file system: %v", err)
		}
	}
	// An agent that died while it held the disk frozen left it so.
	thawAll()

	s := newServer("/")
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
