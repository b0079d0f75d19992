//go:build !nogui

package desktop

import (
	"math"
	"time"

	"vmterminal/app"
)

// hostUse is what a VM takes of the host, as it is shown.
type hostUse struct {
	at    time.Time
	spent time.Duration
	// percent is of one processor, since the use before; -1 at first.
	percent int
	memory  int64
}

// The first figure comes as soon as readings are far enough apart to tell
// something. The next ones come more seldom than readings: each draws the window
// anew, and one that moves all the time is read by nobody.
const (
	firstUseAfter = time.Second
	nextUseAfter  = 10 * time.Second
)

// measure compares what VMs have used with the use before.
func (w *window) measure(r reading) {
	for name := range w.use {
		if v, ok := r.vm(name); !ok || !v.State.Alive() {
			delete(w.use, name)
		}
	}
	for _, v := range r.vms {
		if !v.State.Alive() || v.MemoryUsed == 0 {
			continue
		}
		was, ok := w.use[v.Name]
		if !ok || v.CPUTime < was.spent {
			w.use[v.Name] = hostUse{r.at, v.CPUTime, -1, v.MemoryUsed}
			continue
		}
		least := nextUseAfter
		if was.percent < 0 {
			least = firstUseAfter
		}
		if span := r.at.Sub(was.at); span >= least {
			percent := int(math.Round(100 * (v.CPUTime - was.spent).Seconds() / span.Seconds()))
			w.use[v.Name] = hostUse{r.at, v.CPUTime, percent, v.MemoryUsed}
		}
	}
}

// usage is what a running VM takes of the host, in words.
func (w *window) usage(v app.VM) []string {
	use, ok := w.use[v.Name]
	if !ok {
		return nil
	}
	var words []string
	if use.percent >= 0 {
		words = append(words, textCPUUse(use.percent))
	}
	return append(words, textMemoryUse(size(use.memory)))
}
