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

// convert has qemu-img write a qcow2 file's disk of size bytes to an empty file.
// It inherits both, so that no path can mean anything else to it, and reads what
// was looked at.
func convert(ctx context.Context, disk, from *os.File, size int64, opt Options) error {
	tool, err := exec.LookPath("qemu-img")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoTool, err)
	}
	if err := errors.Join(ctx.Err(), opt.room(), disk.Truncate(size)); err != nil {
		return err
	}
	opt.Progress.Phase(PhaseConvert, size)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, tool, "convert", "-p", "-n", "--target-is-zero", "-f", "qcow2", "-O", "raw",
		node("qcow2", from3), node("raw", disk4))
	cmd.ExtraFiles = []*os.File{from, disk}
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := runWhileWeLive(cmd, func() { report(out, size, opt, stop) }); err != nil {
		if why := context.Cause(ctx); why != nil {
			return why
		}
		if line := lastLine(said.String()); line != "" {
			return damaged("%s", line)
		}
		return fmt.Errorf("qemu-img: %w", err)
	}
	return nil
}

// Where a child finds its ExtraFiles.
const (
	from3 = "/dev/fd/3"
	disk4 = "/dev/fd/4"
)

// node describes an inherited file to QEMU. It leads nowhere else.
func node(driver, file string) string {
	options := map[string]any{"driver": driver, "file": map[string]string{"driver": "file", "filename": file}}
	if driver == "qcow2" {
		options["backing"] = nil
	}
	text, _ := json.Marshal(options) // strings never fail
	return "json:" + string(text)
}

// report reads the percentages that qemu-img tells, until it ends, and stops it
// when there is no more room.
func report(out io.Reader, size int64, opt Options, stop context.CancelCauseFunc) {
	lines := bufio.NewScanner(out)
	lines.Split(splitCR)
	done := int64(0)
	for lines.Scan() {
		if err := opt.room(); err != nil {
			stop(err)
		}
		text, _, found := strings.Cut(strings.Trim(lines.Text(), " (\n"), "/")
		percent, err := strconv.ParseFloat(text, 64)
		if !found || err != nil {
			continue
		}
		now := int64(min(100, percent) / 100 * float64(size))
		opt.Progress.Add(now - done)
		done = now
	}
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
