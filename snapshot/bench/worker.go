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

func runWorker(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: work create FOLDER NAME [CHANGES], work restore FOLDER NAME, work gzip|gunzip FROM TO")
	}
	store := snapshot.Open(pathsIn(args[1]))
	disk := pathsIn(args[1]).Disk
	switch args[0] {
	case "create":
		src, err := snapshot.OpenDisk(disk)
		if err != nil {
			return err
		}
		defer func() { _ = src.Close() }()
		req := snapshot.Request{Name: args[2], Taken: snapshot.TakenStopped}
		if len(args) > 3 {
			if err := json.Unmarshal([]byte(args[3]), &req.Changes); err != nil {
				return err
			}
		}
		made, err := store.Create(ctx, src, req, nil)
		if err == nil && req.Changes != nil && made.Unread == 0 {
			err = errors.New("the list of changes was not used")
		}
		return err
	case "restore":
		_, err := store.Restore(ctx, args[2], disk, nil)
		return err
	case "gzip", "gunzip":
		return goGzip(args[1], args[2], args[0] == "gunzip")
	}
	return fmt.Errorf("unknown operation %q", args[0])
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
