package supervisor

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// A tokenBucket holds at most size tokens, starts full and is refilled steadily.
type tokenBucket struct {
	size   float64
	refill time.Duration // time to refill one token

	spent   float64
	updated time.Time
}

// available returns the current number of tokens.
func (b *tokenBucket) available(now time.Time) float64 {
	if !b.updated.IsZero() {
		b.spent = max(0, b.spent-float64(now.Sub(b.updated))/float64(b.refill))
	}
	b.updated = now
	return b.size - b.spent
}

// spend removes n tokens. If there are fewer, it returns how long it takes until the
// missing ones have been refilled.
func (b *tokenBucket) spend(n float64, now time.Time) (wait time.Duration) {
	missing := n - b.available(now)
	b.spent += n
	return time.Duration(max(0, missing) * float64(b.refill))
}

// Limits for lines in host.log that a guest can cause. The log and the rotated log hold
// 8 MiB, which is enough for days at this rate.
const (
	guestLogBurst  = 256 << 10
	guestLogRefill = time.Hour / (64 << 10)
)

// Limits for debug messages, which a guest can also cause. At this rate the log covers
// at least the last few hours.
const (
	debugLogBurst  = 1 << 20
	debugLogRefill = time.Hour / (1 << 20)
)

// A limitedLog writes the lines from one source to a log within a rate limit. It counts
// the lines beyond the limit and reports the count once the source has been quiet.
type limitedLog struct {
	log    io.Writer
	source string // name of the source in reports

	mu      sync.Mutex
	bucket  tokenBucket
	limited bool
	lines   int
	bytes   int64
}

func newLimitedLog(log io.Writer, source string) *limitedLog {
	return &limitedLog{log: log, source: source, bucket: tokenBucket{size: guestLogBurst, refill: guestLogRefill}}
}

func newDebugLog(log io.Writer) *limitedLog {
	return &limitedLog{log: log, source: "the debug log", bucket: tokenBucket{size: debugLogBurst, refill: debugLogRefill}}
}

// Write never fails because of the limit. It drops whole writes only.
func (l *limitedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	free := l.bucket.available(now)

	// Half a bucket is required to resume, so that reports do not flood the log.
	if l.limited && free < l.bucket.size/2 || free < float64(len(p)) {
		if !l.limited {
			l.limited = true
			_, _ = fmt.Fprint(l.log, logLine(now, "too many lines from "+l.source+": dropping and counting further lines"))
		}
		l.lines += bytes.Count(p, []byte("\n"))
		l.bytes += int64(len(p))
		return len(p), nil
	}
	l.report(now)
	l.bucket.spend(float64(len(p)), now)
	return l.log.Write(p)
}

// report writes how much was dropped, if anything. The caller must hold mu.
func (l *limitedLog) report(now time.Time) {
	if l.limited {
		_, _ = fmt.Fprint(l.log, logLine(now, fmt.Sprintf("dropped %d lines (%d bytes) from %s", l.lines, l.bytes, l.source)))
		l.limited, l.lines, l.bytes = false, 0, 0
	}
}

// close reports the last dropped lines; it does not close the underlying log.
func (l *limitedLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report(time.Now())
}

const (
	// An agent's hellos are handled helloBurst times in a row, which allows for reboots
	// and restarts, then once every helloInterval.
	helloBurst    = 10
	helloInterval = 10 * time.Second
)

// A helloLimiter slows down a guest whose agent restarts again and again: after each
// start the supervisor sends the agent several requests and publishes the VM's state.
type helloLimiter struct {
	bucket   tokenBucket
	nextNote int // number of starts for the next note
}

func newHelloLimiter() helloLimiter {
	return helloLimiter{bucket: tokenBucket{size: helloBurst, refill: helloInterval}}
}

// delay returns how long to wait before the agent is handled after a start. At the
// first delay, and whenever starts has doubled since, it also returns a note for the
// log.
func (h *helloLimiter) delay(starts int) (wait time.Duration, note string) {
	wait = h.bucket.spend(1, time.Now())
	if wait > 0 && starts >= h.nextNote {
		h.nextNote = 2 * max(starts, 1)
		note = fmt.Sprintf("the guest's agent restarts repeatedly (%d times so far); it is handled once every %v", starts, helloInterval)
	}
	return wait, note
}
