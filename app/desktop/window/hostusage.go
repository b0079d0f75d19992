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
func (hd *header) measure() {
	for name := range hd.usages {
		if v, ok := hd.last.vm(name); !ok || !v.State.Alive() {
			delete(hd.usages, name)
		}
	}
	for _, v := range hd.last.vms {
		if !v.State.Alive() || v.MemoryUsed == 0 {
			continue
		}
		was, ok := hd.usages[v.Name]
		if !ok || v.CPUTime < was.cpuTime {
			hd.usages[v.Name] = hostUsage{hd.last.at, v.CPUTime, -1, v.MemoryUsed}
			continue
		}
		least := usageInterval
		if was.percent < 0 {
			least = firstUsageDelay
		}
		if span := hd.last.at.Sub(was.at); span >= least {
			percent := int(math.Round(100 * (v.CPUTime - was.cpuTime).Seconds() / span.Seconds()))
			hd.usages[v.Name] = hostUsage{hd.last.at, v.CPUTime, percent, v.MemoryUsed}
		}
	}
}

// usage describes the host resources used by a running VM.
func (hd *header) usage(v app.VM) []string {
	use, ok := hd.usages[v.Name]
	if !ok {
		return nil
	}
	var parts []string
	if use.percent >= 0 {
		parts = append(parts, lang.L("CPU {{.N}} %", words.Values{"N": use.percent}))
	}
	return append(parts, lang.L("memory {{.Size}}", words.Values{"Size": units.Bytes(use.memory)}))
}
