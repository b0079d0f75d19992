package window

import (
	"math"
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
)

// hostUsage holds the host resources used by a VM, as shown in the window.
type hostUsage struct {
	at      time.Time
	cpuTime time.Duration
	// percent is the CPU usage in percent of one processor since the previous measurement, or
	// -1 if there was none.
	percent int
	memory  int64
}

// The first percentage is shown as soon as two readings are far enough apart. Later ones change
// less often than readings arrive, since each change redraws the window.
const (
	firstUsageDelay = time.Second
	usageInterval   = 10 * time.Second
)

// measure computes the usage of VMs since the previous measurement.
func (w *window) measure(r reading) {
	for name := range w.usages {
		if v, ok := r.vm(name); !ok || !v.State.Alive() {
			delete(w.usages, name)
		}
	}
	for _, v := range r.vms {
		if !v.State.Alive() || v.MemoryUsed == 0 {
			continue
		}
		was, ok := w.usages[v.Name]
		if !ok || v.CPUTime < was.cpuTime {
			w.usages[v.Name] = hostUsage{r.at, v.CPUTime, -1, v.MemoryUsed}
			continue
		}
		least := usageInterval
		if was.percent < 0 {
			least = firstUsageDelay
		}
		if span := r.at.Sub(was.at); span >= least {
			percent := int(math.Round(100 * (v.CPUTime - was.cpuTime).Seconds() / span.Seconds()))
			w.usages[v.Name] = hostUsage{r.at, v.CPUTime, percent, v.MemoryUsed}
		}
	}
}

// usage describes the host resources used by a running VM.
func (w *window) usage(v app.VM) []string {
	use, ok := w.usages[v.Name]
	if !ok {
		return nil
	}
	var parts []string
	if use.percent >= 0 {
		parts = append(parts, lang.L("CPU {{.N}} %", words.Values{"N": use.percent}))
	}
	return append(parts, lang.L("memory {{.Size}}", words.Values{"Size": units.Bytes(use.memory)}))
}
