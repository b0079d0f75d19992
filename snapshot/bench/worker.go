package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"vmterminal/snapshot"
)

// workerCommand makes this program perform one operation, so that it can be measured as a
// separate process.
const workerCommand = "work"

// createOptions are options for creating a snapshot, encoded as JSON.
type createOptions struct {
	Changes *snapshot.Changes
	Base    string // path of a snapshot file, or ""
}

func runWorker(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: work create FOLDER NAME OPTIONS, work restore FOLDER NAME, work gzip|gunzip FROM TO")
	}
	store := snapshot.Open(pathsIn(args[1]))
	disk := pathsIn(args[1]).Disk
	switch args[0] {
	case "create":
		if len(args) < 4 {
			return errors.New("the options are missing")
		}
		return create(ctx, store, disk, args[2], args[3])
	case "restore":
		_, err := store.Restore(ctx, args[2], disk, nil)
		return err
	case "gzip", "gunzip":
		return goGzip(args[1], args[2], args[0] == "gunzip")
	}
	return fmt.Errorf("unknown operation %q", args[0])
}

func create(ctx context.Context, store *snapshot.Store, disk, name, options string) error {
	var opt createOptions
	if err := json.Unmarshal([]byte(options), &opt); err != nil {
		return err
	}
	src, err := snapshot.OpenDisk(disk)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	made, err := store.Create(ctx, src, snapshot.Request{
		Name: name, Taken: snapshot.TakenStopped, Changes: opt.Changes, Base: func() string { return opt.Base },
	}, nil)
	switch {
	case err != nil:
		return err
	case opt.Changes != nil && made.Unread == 0:
		return errors.New("the list of changes was not used")
	case opt.Base != "" && made.Reused == 0:
		return errors.New("the base was not used")
	}
	return nil
}

// goGzip compresses or decompresses a file with Go's own gzip.
func goGzip(from, to string, back bool) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if back {
		z, err := gzip.NewReader(in)
		if err == nil {
			_, err = io.Copy(out, z) //nolint:gosec // this program compressed it
		}
		return errors.Join(err, out.Close())
	}
	z := gzip.NewWriter(out)
	_, err = io.Copy(z, in)
	return errors.Join(err, z.Close(), out.Close())
}
