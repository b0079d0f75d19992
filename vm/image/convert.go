package image

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// convert runs qemu-img to write the image in from to the empty file disk, as a raw disk of
// size bytes. It converts the disk in parts that each fit into the free space.
func convert(ctx context.Context, disk, from *os.File, info Info, size int64, opt Options) error {
	if err := errors.Join(ctx.Err(), disk.Truncate(size)); err != nil {
		return err
	}
	opt.Progress.Phase(PhaseConvert, size)
	return convertParts(ctx, disk, from, info, size, true, opt)
}

// runQEMUImg runs qemu-img and calls read with its output. from, and disk if it is not nil,
// are the only files it can use. It inherits them as open files, so it does not have to
// resolve their paths.
func runQEMUImg(ctx context.Context, args []string, from, disk *os.File, read func(io.Reader) error) error {
	tool, err := exec.LookPath("qemu-img")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoTool, err)
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.ExtraFiles = []*os.File{from}
	if disk != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, disk)
	}
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var readErr error
	err = runConfined(cmd, from, disk, func() { readErr = read(out) })
	switch line := lastLine(stderr.String()); {
	case ctx.Err() != nil:
		return ctx.Err()
	case readErr != nil:
		return readErr
	case err != nil && line != "":
		return damagedError("%s", line)
	case err != nil:
		return fmt.Errorf("qemu-img: %w", err)
	}
	return nil
}

// Paths of the inherited files in the child.
const (
	fromPath = "/dev/fd/3"
	diskPath = "/dev/fd/4"
)

// imageNode returns the json: filename with which QEMU opens the image in the inherited file.
func imageNode(info Info) string {
	drivers := map[Format]string{VHD: "vpc"}
	driver, renamed := drivers[info.Format]
	if !renamed {
		driver = string(info.Format)
	}
	return fileNode(driver, fromPath, info.member)
}

// fileNode returns the json: filename with which QEMU opens an inherited file, or a part of
// it. It refers to no other file.
func fileNode(driver, file string, in member) string {
	options := map[string]any{"driver": "file", "filename": file}
	if file == diskPath {
		options["locking"] = "off" // the caller may hold the lock
	}
	var below any = options
	if in.size > 0 {
		whole := (in.size + sector - 1) / sector * sector // tar pads members to whole sectors
		below = map[string]any{"driver": "raw", "offset": in.offset, "size": whole, "file": below}
	}
	options = map[string]any{"driver": driver, "file": below}
	switch driver {
	case "qcow2", "vmdk":
		options["backing"] = nil
	case "vpc":
		options["force_size_calc"] = "current_size" // not the geometry, which may be smaller
	}
	text, _ := json.Marshal(options) // cannot fail for strings and numbers
	return "json:" + string(text)
}

// partNode returns the json: filename for the length bytes at offset at of the disk that
// whole, also a json: filename, opens.
func partNode(whole string, at, length int64) string {
	text, _ := json.Marshal(map[string]any{ // as above
		"driver": "raw", "offset": at, "size": length, "file": json.RawMessage(strings.TrimPrefix(whole, "json:")),
	})
	return "json:" + string(text)
}

// reportProgress reads the percentages that qemu-img prints, and reports them as progress.
func reportProgress(out io.Reader, size int64, opt Options) {
	lines := bufio.NewScanner(out)
	lines.Split(splitCR)
	done := int64(0)
	for lines.Scan() {
		text, _, found := strings.Cut(strings.Trim(lines.Text(), " (\n"), "/")
		percent, err := strconv.ParseFloat(text, 64)
		if !found || err != nil {
			continue
		}
		now := int64(min(100, percent) / 100 * float64(size))
		opt.Progress.Add(now - done)
		done = now
	}
	opt.Progress.Add(size - done)
}

// splitCR splits at carriage returns.
func splitCR(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\r'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
