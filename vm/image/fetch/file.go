package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
)

// Phases of a download, as passed to [Progress.Phase].
const (
	PhaseDownload = "download"
	PhaseRetry    = "retry-download" // pause before an interrupted download continues
)

// Progress receives progress reports.
type Progress interface {
	// Phase reports the start of a phase. code is one of the constants above; total is the
	// phase's length in bytes, or 0 if unknown.
	Phase(code string, total int64)
	// Add reports that n more bytes of the phase are done.
	Add(n int64)
}

// Options holds the settings of a download.
type Options struct {
	// Size is the file's size in bytes, 0 if unknown. Limit is the maximum size.
	Size, Limit int64
	// Room, if set, is called during the download. It should return an error if there is not
	// enough free space for the given number of additional bytes; the error ends the
	// download.
	Room     func(bytes int64) error
	Progress Progress
}

// A state identifies the remote file of a partial download, which is called a part. It is
// stored beside the part.
type partState struct {
	Address      string `json:"address"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	Size         int64  `json:"size,omitempty"` // of the whole file; 0 if unknown
}

// TotalSize returns the size in bytes of the complete file of a partial download, or 0 if it
// is unknown. statePath is the path that was passed to Download.
func TotalSize(statePath string) int64 {
	var s partState
	text, err := os.ReadFile(statePath)
	if err != nil || durable.ParseJSON(statePath, text, &s) != nil {
		return 0
	}
	return max(s.Size, 0)
}

// validator returns the value for If-Range, or "".
func (s partState) validator() string {
	if s.ETag != "" && !strings.HasPrefix(s.ETag, "W/") {
		return s.ETag
	}
	return s.LastModified
}

// maxAttempts is the number of consecutive interruptions without progress after which Download
// gives up.
const maxAttempts = 4

// Download downloads address to the file part, or resumes an interrupted download there. The file
// statePath stores what is needed to resume. After success, part is durable but not verified.
// After an error both files are removed, unless the error is a *PartKept. The caller must
// have exclusive access.
func (c *Client) Download(ctx context.Context, address, partPath, statePath string, opt Options) error {
	f, err := os.OpenFile(partPath, os.O_RDWR|os.O_CREATE, durable.FileMode)
	if err != nil {
		return err
	}
	defer f.Close()
	opt.Progress.Phase(PhaseDownload, 0) // also while waiting for a slow server
	d := &download{Client: c, address: address, f: f, statePath: statePath, opt: opt}
	for failed := 0; ; {
		before := d.received
		err := d.requestRest(ctx)
		if err == nil {
			return durable.SyncFile(f)
		}
		if failed++; d.received > before {
			failed = 1
		}
		if !isTemporary(err) || ctx.Err() != nil || failed >= maxAttempts {
			return d.finishFailed(fmt.Errorf("%s: %w", RedactURL(address), err))
		}
		c.logDebug(ctx, "download interrupted; trying again", slog.Int("failures", failed), slog.Int64("received", d.received))
		opt.Progress.Phase(PhaseRetry, 0)
		select {
		case <-time.After(c.retryPause()):
		case <-ctx.Done():
			return d.finishFailed(ctx.Err())
		}
	}
}

// finishFailed returns the error of a download that ended with err. It keeps the part if the next
// call can continue the download. It removes the part if the server sent no validator, the
// file is not the expected one, or the disk is full.
func (d *download) finishFailed(err error) error {
	canContinue := isTemporary(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, ErrNoNetwork) || errors.As(err, new(*Status))
	if d.loadState(); d.received > 0 && canContinue {
		return &PartKept{Err: err, Bytes: d.received}
	}
	return errors.Join(err, os.Remove(d.f.Name()), removeIfExists(d.statePath))
}

func removeIfExists(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// isTemporary reports whether a retry may succeed.
func isTemporary(err error) bool {
	var status *Status
	if errors.As(err, &status) {
		return status.Code >= 500 || status.Code == http.StatusTooManyRequests
	}
	return errors.Is(err, ErrCut) || errors.Is(err, ErrStalled)
}

type download struct {
	*Client
	address, statePath string
	f                  *os.File
	received           int64 // downloaded bytes
	restarts           int   // number of restarts from the beginning
	opt                Options
}

// requestRest requests the rest of the file once.
func (d *download) requestRest(ctx context.Context) error {
	known := d.loadState()
	header := http.Header{}
	if v := known.validator(); d.received > 0 && v != "" {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.received))
		header.Set("If-Range", v)
		d.logDebug(ctx, "download resumed", slog.Int64("received", d.received))
	}
	resp, err := d.get(ctx, d.address, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if isComplete(resp, d.received) {
		return nil
	}
	total, err := d.preparePart(resp, known)
	if err != nil {
		return err
	}
	if d.opt.Size > 0 && total > 0 && total != d.opt.Size {
		return fmt.Errorf("the file on the server has %d bytes, expected %d", total, d.opt.Size)
	}
	if total > d.limit() {
		return fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, total, d.limit())
	}
	d.opt.Progress.Phase(PhaseDownload, max(total, d.opt.Size, 0))
	d.opt.Progress.Add(d.received)
	if err := d.copyBody(ctx, resp.Body); err != nil {
		return err
	}
	if total > 0 && d.received != total || d.opt.Size > 0 && d.received != d.opt.Size {
		return fmt.Errorf("%w at %d of %d bytes", ErrCut, d.received, max(total, d.opt.Size))
	}
	return nil
}

func (d *download) limit() int64 {
	if d.opt.Size > 0 {
		return d.opt.Size
	}
	return d.opt.Limit
}

// loadState returns the state of the part, and sets d.at to its size, or 0 if it is unusable.
func (d *download) loadState() partState {
	var s partState
	text, err := os.ReadFile(d.statePath)
	if err != nil || durable.ParseJSON(d.statePath, text, &s) != nil || s.Address != RedactURL(d.address) {
		s = partState{}
	}
	d.received = 0
	if info, err := d.f.Stat(); err == nil && s.validator() != "" {
		d.received = info.Size()
	}
	return s
}

// isComplete reports whether the response means that the part is already complete.
func isComplete(resp *http.Response, at int64) bool {
	return resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && at > 0 &&
		resp.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", at)
}

// preparePart prepares the part for the response and returns the whole file's size, or -1 if
// it is unknown. known is the state of the part.
func (d *download) preparePart(resp *http.Response, known partState) (total int64, err error) {
	switch resp.StatusCode {
	case http.StatusPartialContent:
		start, total, err := parseContentRange(resp.Header.Get("Content-Range"))
		if err != nil || start != d.received || d.received == 0 {
			return 0, fmt.Errorf("the server sent another range: %q", resp.Header.Get("Content-Range"))
		}
		if known.hasChanged(resp.Header, total) && guard.On(guard.PartValidator) {
			return 0, d.restart()
		}
		return total, nil
	case http.StatusOK:
		d.received = 0
		if err := d.f.Truncate(0); err != nil {
			return 0, err
		}
		s := partState{
			Address: RedactURL(d.address), ETag: resp.Header.Get("ETag"), LastModified: resp.Header.Get("Last-Modified"),
			Size: max(resp.ContentLength, d.opt.Size, 0),
		}
		return resp.ContentLength, durable.ReplaceJSON(d.statePath, s)
	case http.StatusRequestedRangeNotSatisfiable:
		if d.received > 0 { // the part is larger than the file on the server
			return 0, d.restart()
		}
	}
	return 0, &Status{resp.StatusCode, resp.Status}
}

// hasChanged reports whether a partial response is for another version of the file. total is
// the whole file's size according to the response, or -1. Some servers ignore If-Range.
func (s partState) hasChanged(header http.Header, total int64) bool {
	differs := func(known, now string) bool { return known != "" && now != "" && known != now }
	return differs(s.ETag, header.Get("ETag")) || differs(s.LastModified, header.Get("Last-Modified")) ||
		s.Size > 0 && total > 0 && s.Size != total
}

// restart discards the part. It returns a temporary error, so that Download retries, or a
// permanent one after too many restarts.
func (d *download) restart() error {
	d.received = 0
	if err := errors.Join(d.f.Truncate(0), removeIfExists(d.statePath)); err != nil {
		return err
	}
	if d.restarts++; d.restarts >= maxAttempts {
		return errors.New("the file on the server keeps changing")
	}
	return fmt.Errorf("%w: the file on the server has changed", ErrCut)
}

// parseContentRange parses "bytes 10-99/100".
func parseContentRange(text string) (start, total int64, err error) {
	text, unit := strings.CutPrefix(text, "bytes ")
	first, rest, dash := strings.Cut(text, "-")
	_, whole, slash := strings.Cut(rest, "/")
	if !unit || !dash || !slash {
		return 0, 0, errors.New("not a range")
	}
	if start, err = strconv.ParseInt(first, 10, 64); err != nil {
		return 0, 0, err
	}
	if whole == "*" {
		return start, -1, nil
	}
	total, err = strconv.ParseInt(whole, 10, 64)
	return start, total, err
}

// roomStep is how many bytes are written between two checks of the free space.
const roomStep = 4 << 20

func (d *download) copyBody(ctx context.Context, from io.Reader) error {
	buf := make([]byte, 128<<10)
	for room := 0; ; {
		n, err := from.Read(buf)
		if room -= n; room < 0 && d.opt.Room != nil {
			if err := d.opt.Room(roomStep); err != nil {
				return err
			}
			room = roomStep - n
		}
		if d.received+int64(n) > d.limit() {
			return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, d.limit())
		}
		if _, err := d.f.WriteAt(buf[:n], d.received); err != nil {
			return err
		}
		d.received += int64(n)
		d.opt.Progress.Add(int64(n))
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil: // buffered data is delivered even after ctx has ended
			if ctx.Err() != nil {
				return ctx.Err()
			}
		case ctx.Err() != nil || errors.Is(err, ErrStalled):
			return err
		default:
			return fmt.Errorf("%w: %w", ErrCut, err)
		}
	}
}
