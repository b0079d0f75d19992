// Command bench compares the snapshot engine with other tools, on a disk with this machine's
// files, and writes the results as a Markdown table. It is for developers of the engine; it is
// not part of the program and does not know about VMs.
//
//	go run ./snapshot/bench [-o FILE] [-dir FOLDER] [-mb N] [-slow=false]
//
// It needs mke2fs and, for the default size, about 15 GB of free space. It measures the other
// tools that are installed. They run in sequence, each as a separate process, with as much of
// the disk as possible in the page cache.
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
	if len(args) > 0 && args[0] == workerCommand {
		return runWorker(ctx, args[1:])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	out := flags.String("o", "", "also write the table to this file")
	dir := flags.String("dir", "", "`folder` for temporary files (default: that of the system)")
	mb := flags.Int64("mb", 1500, "size of the files on the disk in `MB`")
	slow := flags.Bool("slow", true, "also measure gzip and Go's compress/gzip, which take minutes")
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
	b := &bench{ctx: ctx, dir: temp, slow: *slow, table: &table{ours: map[string]figures{}}}
	if err := b.runAll(*mb << 20); err != nil {
		return err
	}
	text := b.table.markdown(b.environment)
	fmt.Print(text)
	if *out == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o750); err != nil {
		return err
	}
	return os.WriteFile(*out, []byte(text), 0o600)
}
