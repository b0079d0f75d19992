package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"vmterminal/app/ondisk"
)

// What a download is called, and one that was cut off or got no answer.
const (
	Phase      = "Downloading"
	PhaseAgain = "Asking the server again"
)

// Progress is told how far a download is.
type Progress interface {
	// Phase begins a phase of total bytes; 0 when that is not known.
	Phase(name string, total int64)
	// Add says that n more bytes of the phase are done.
	Add(n int64)
}

// Options is what a file is got with.
type Options struct {
	// Size is the file's size in bytes, 0 if it is not known; Limit is the most
	// there may be.
	Size, Limit int64
	// Room is asked now and then whether there is room to go on; nil: there is.
	Room     func() error
	Progress Progress
}

// state is what is kept beside a part, to know what it is a part of.
type state struct {
	Address      string `json:"address"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	Size         int64  `json:"size,omitempty"` // of the whole file; 0: not known
}

// WholeSize is the size of the file of which there is a part, in bytes; statePath is
// what File was given. 0 if it is not known.
func WholeSize(statePath string) int64 {
	var s state
	text, err := os.ReadFile(statePath)
	if err != nil || json.Unmarshal(text, &s) != nil {
		return 0
	}
	return max(s.Size, 0)
}

// validator is what a server can be asked by whether the file is still the same.
func (s state) validator() string {
	if s.ETag != "" && !strings.HasPrefix(s.ETag, "W/") {
		return s.ETag
	}
	return s.LastModified
}

// attempts is how often in a row a download may be cut off without getting on.
const attempts = 4

// File gets a file to the path part, and goes on with what is there of an earlier
// call; statePath is for what it must know for that. After an error the part may
// be kept, to go on with. The content is durable, but not checked. The caller has
// part to itself.
func (c *Client) File(ctx context.Context, address, part, statePath string, opt Options) error {
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, ondisk.FileMode)
	if err != nil {
		return err
	}
	defer f.Close()
	opt.Progress.Phase(Phase, 0) // which a server that lets one wait is, too
	d := &download{Client: c, address: address, f: f, statePath: statePath, opt: opt}
	for failed := 0; ; {
		before := d.at
		err := d.try(ctx)
		if err == nil {
			return ondisk.SyncFile(f)
		}
		if failed++; d.at > before {
			failed = 1
		}
		if !isPassing(err) || ctx.Err() != nil || failed >= attempts {
			if d.at == 0 { // nothing to go on with
				err = errors.Join(err, os.Remove(part), remove(statePath))
			}
			return fmt.Errorf("%s: %w", Shown(address), err)
		}
		opt.Progress.Phase(PhaseAgain, 0)
		select {
		case <-time.After(c.pause()):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// isPassing tells whether it may go better the next time.
func isPassing(err error) bool {
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
	at                 int64 // how much there is
	opt                Options
}

// try asks once for what is missing.
func (d *download) try(ctx context.Context) error {
	known := d.known()
	header := http.Header{}
	if v := known.validator(); d.at > 0 && v != "" {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.at))
		header.Set("If-Range", v)
	}
	resp, err := d.get(ctx, d.address, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if isWhole(resp, d.at) {
		return nil
	}
	total, err := d.begin(resp)
	if err != nil {
		return err
	}
	if d.opt.Size > 0 && total > 0 && total != d.opt.Size {
		return fmt.Errorf("the server has another file: %d bytes, not %d", total, d.opt.Size)
	}
	if total > d.limit() {
		return fmt.Errorf("%w: %d bytes, not %d or less", ErrTooLarge, total, d.limit())
	}
	d.opt.Progress.Phase(Phase, max(total, d.opt.Size, 0))
	d.opt.Progress.Add(d.at)
	if err := d.copy(ctx, resp.Body); err != nil {
		return err
	}
	if total > 0 && d.at != total || d.opt.Size > 0 && d.at != d.opt.Size {
		return fmt.Errorf("%w at %d of %d bytes", ErrCut, d.at, max(total, d.opt.Size))
	}
	return nil
}

func (d *download) limit() int64 {
	if d.opt.Size > 0 {
		return d.opt.Size
	}
	return d.opt.Limit
}

// known is what is known of the part there is; without that it is no part.
func (d *download) known() state {
	var s state
	text, err := os.ReadFile(d.statePath)
	if err != nil || json.Unmarshal(text, &s) != nil || s.Address != Shown(d.address) {
		s = state{}
	}
	d.at = 0
	if info, err := d.f.Stat(); err == nil && s.validator() != "" {
		d.at = info.Size()
	}
	return s
}

// isWhole tells whether an answer says that there is nothing more to come.
func isWhole(resp *http.Response, at int64) bool {
	return resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && at > 0 &&
		resp.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", at)
}

// begin makes the part what the answer goes on with, and returns the whole
// file's size, or -1.
func (d *download) begin(resp *http.Response) (total int64, err error) {
	switch resp.StatusCode {
	case http.StatusPartialContent:
		start, total, err := contentRange(resp.Header.Get("Content-Range"))
		if err != nil || start != d.at {
			return 0, fmt.Errorf("the server answered with another part: %q", resp.Header.Get("Content-Range"))
		}
		return total, nil
	case http.StatusOK:
		d.at = 0
		if err := d.f.Truncate(0); err != nil {
			return 0, err
		}
		s := state{
			Address: Shown(d.address), ETag: resp.Header.Get("ETag"), LastModified: resp.Header.Get("Last-Modified"),
			Size: max(resp.ContentLength, d.opt.Size, 0),
		}
		return resp.ContentLength, ondisk.ReplaceJSON(d.statePath, s)
	case http.StatusRequestedRangeNotSatisfiable:
		// There is more than the server has.
		d.at = 0
		return 0, errors.Join(ErrCut, d.f.Truncate(0), remove(d.statePath))
	default:
		return 0, &Status{resp.StatusCode, resp.Status}
	}
}

// contentRange reads "bytes 10-99/100".
func contentRange(text string) (start, total int64, err error) {
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

// roomEvery is how many bytes are written between two looks at the room.
const roomEvery = 16 << 20

func (d *download) copy(ctx context.Context, from io.Reader) error {
	buf := make([]byte, 128<<10)
	for looked := int64(-roomEvery); ; {
		if d.at-looked >= roomEvery && d.opt.Room != nil {
			if err := d.opt.Room(); err != nil {
				return err
			}
			looked = d.at
		}
		n, err := from.Read(buf)
		if d.at+int64(n) > d.limit() {
			return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, d.limit())
		}
		if _, err := d.f.WriteAt(buf[:n], d.at); err != nil {
			return err
		}
		d.at += int64(n)
		d.opt.Progress.Add(int64(n))
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil: // what has come already does not end with ctx
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
