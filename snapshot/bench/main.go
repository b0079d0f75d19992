// Command bench measures the snapshot engine side by side with other tools, on a
// disk made of this machine's own files, and writes the figures as a Markdown
// table. It is for people who work on the engine; it must never become part of
// the program, and knows nothing of VMs.
//
//	go run ./snapshot/bench [-o FILE] [-dir FOLDER] [-mb N] [-slow=false]
//
// It needs mke2fs, about 15 GB of free space for the default size, and measures
// those of the other tools that are installed. All run one after the other, each
// as a process of its own, with the disk in the page cache as far as it fits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	if len(args) > 0 && args[0] == workerVerb {
		return work(ctx, args[1:])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	out := flags.String("o", "", "also write the table to this file")
	dir := flags.String("dir", "", "make the disk in a new folder in this one (default: the system's for temporary files)")
	mb := flags.Int64("mb", 1500, "how many MB of files the disk holds")
	slow := flags.Bool("slow", true, "measure gzip and Go's compress/gzip too, which take minutes")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	temp, err := os.MkdirTemp(*dir, "vmterminal-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	b := &bench{ctx: ctx, dir: temp, slow: *slow, table: newTable()}
	if err := b.all(*mb << 20); err != nil {
		return err
	}
	text := b.table.markdown(b.about)
	fmt.Print(text)
	if *out == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o750); err != nil {
		return err
	}
	return os.WriteFile(*out, []byte(text), 0o600)
}
