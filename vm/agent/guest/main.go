//go:build linux

// The agent is a small static program that runs in a guest and handles requests from the
// host over a virtio-serial port (see package wire). It stores only the guest's identity
// on the disk, so that it works while file systems are frozen. It must not depend on a
// particular version of the host's software.
//
// With -identify ID HOSTNAME it applies that identity and exits, for guests that get
// their identity before the agent runs. With -list-files it lists the files on the
// guest's disks.
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
	grow := flag.Bool("grow-root", false, "grow the ext4 root file system to the size of its disk")
	identify := flag.Bool("identify", false, "apply the identity given as ID HOSTNAME, and exit")
	list := flag.Bool("list-files", false, "list the files of the real file systems on standard output, and exit")
	flag.Parse()
	_ = os.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	if *identify {
		d := identifier{root: "/", freezer: &freezer{}}
		if _, err := d.apply(wire.Identity{ID: flag.Arg(0), Hostname: flag.Arg(1)}); err != nil {
			logKernel("%v", err)
			os.Exit(1)
		}
		return
	}
	if *list {
		roots, err := listDiskMounts()
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
			logKernel("grow the root file system: %v", err)
		}
	}
	// An earlier agent may have died while file systems were frozen.
	thawAll()

	s := newServer("/")
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	go func() {
		<-signals
		s.endSession()
		os.Exit(0)
	}()
	s.servePort()
}

// logKernel writes a line to the kernel log, which is not on the disk and does not appear
// on the console.
func logKernel(format string, args ...any) {
	log, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer log.Close()
	fmt.Fprintf(log, "<5>vmterminal-agent: "+format+"\n", args...)
}
