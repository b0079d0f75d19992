//go:build !nogui

package desktop

import (
	"math"
	"time"

	"vmterminal/app"
)

// cpuUse is a VM's use of the host's processors between two readings.
type cpuUse struct {
	at    time.Time
	spent time.Duration
	// percent is of one processor; -1 until there were two readings.
	percent int
}

// leastSpan is how far readings are apart that a use is told from: a shorter
// span says little.
const leastSpan = time.Second

// measure compares what VMs have used with the reading before.
func (w *window) measure(r reading) {
	for name := range w.cpu {
		if v, ok := r.vm(name); !ok || !v.State.Alive() {
			delete(w.cpu, name)
		}
	}
	for _, v := range r.vms {
		if !v.State.Alive() || v.MemoryUsed == 0 {
			continue
		}
		was, ok := w.cpu[v.Name]
		switch span := r.at.Sub(was.at); {
		case !ok || v.CPUTime < was.spent:
			w.cpu[v.Name] = cpuUse{r.at, v.CPUTime, -1}
		case span >= leastSpan:
			percent := int(math.Round(100 * (v.CPUTime - was.spent).Seconds() / span.Seconds()))
			w.cpu[v.Name] = cpuUse{r.at, v.CPUTime, percent}
		}
	}
}

// usage is what a running VM takes of the host, in words.
func (w *window) usage(v app.VM) []string {
	if v.MemoryUsed == 0 {
		return nil
	}
	var words []string
	if use, ok := w.cpu[v.Name]; ok && use.percent >= 0 {
		words = append(words, textCPUUse(use.percent))
	}
	return append(words, textMemoryUse(size(v.MemoryUsed)))
}
