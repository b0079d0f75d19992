// Command bench measures how long a person waits for a guest's shell: after a plain start, and
// after restoring and cloning snapshots of disks of several sizes, with a complete copy of the
// disk and with a lazy disk. It prints a Markdown table.
//
//	go run ./app/endtoend/bench -program bin/vmterminal [-o FILE] [-dir FOLDER] [-mb N,N] [-runs N]
//
// It needs QEMU and about five times the largest size of free space.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
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
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	program := flags.String("program", "bin/vmt", "`path` of the program")
	out := flags.String("o", "", "also write the table to this file")
	dir := flags.String("dir", "", "`folder` for temporary files (default: that of the system)")
	sizes := flags.String("mb", "100,2000", "data on the disks, in `MB`, separated by commas")
	runs := flags.Int("runs", 3, "`number` of runs; the best counts")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	path, err := filepath.Abs(*program)
	if err != nil {
		return err
	}
	home, err := os.MkdirTemp(*dir, "vmterminal-bench-")
	if err != nil {
		return err
	}
	b := &bench{ctx: ctx, program: path, home: home, runs: *runs}
	defer func() { err = errors.Join(err, b.stopAll(), os.RemoveAll(home)) }()
	var results []result
	for text := range strings.SplitSeq(*sizes, ",") {
		mb, err := strconv.Atoi(text)
		if err != nil || mb < 1 {
			return fmt.Errorf("%q is not a size in MB", text)
		}
		r, err := b.measure(mb)
		if err != nil {
			return fmt.Errorf("%d MB: %w", mb, err)
		}
		results = append(results, r)
	}
	text := markdown(results)
	fmt.Print(text)
	if *out == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o750); err != nil {
		return err
	}
	return os.WriteFile(*out, []byte(text), 0o600)
}
