package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// creating and restoring are the two parts of the table; ourFirst and ourRestore are the
// keys of the runs that the others are compared with.
const (
	creating   = "Taking a snapshot"
	restoring  = "Restoring it"
	ourFirst   = creating
	ourRestore = restoring
)

type tableLine struct {
	part, name string
	figures
}

type table struct {
	lines []tableLine
	ours  map[string]figures // by part
}

// add adds a line. If key is not "", the other lines of the part named key are compared
// with this line.
func (t *table) add(part, name, key string, f figures) {
	fmt.Fprintf(os.Stderr, "  CPU %.1f s, wall %.1f s, %.0f MB, peak memory %.0f MB\n",
		f.cpu.Seconds(), f.wall.Seconds(), float64(f.bytes)/1e6, float64(f.memory)/1e6)
	t.lines = append(t.lines, tableLine{part, name, f})
	if key != "" {
		t.ours[key] = f
	}
}

// environment describes the machine and the time of the measurements.
type environment struct {
	when                  time.Time
	cpu                   string
	data                  int64
	loadBefore, loadAfter string
}

func describeEnvironment(data int64) environment {
	return environment{when: time.Now(), cpu: cpuName(), data: data, loadBefore: loadAverage()}
}

func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, is := strings.CutPrefix(s.Text(), "model name"); is {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}

// loadAverage returns the load average of the last minute.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

func (t *table) markdown(a environment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s: %s, %d cores, %s. A sparse disk of %d GB (ext4) with %.0f MB of data, from the machine's own files; load average %s at the start, %s at the end.\n",
		a.when.Format(time.DateOnly), a.cpu, runtime.NumCPU(), runtime.Version(), diskSize>>30, float64(a.data)/1e6, a.loadBefore, a.loadAfter)
	fmt.Fprintf(&b, "CPU is user and system time, from the better of two runs (for those that take minutes, from the only one). VMTerminal's times include the fsync, and for restores the check of every checksum. “× ours” is the CPU time relative to the line in which it is 1. “1 %% changed” means one in a hundred pieces of %d KB, spread over the whole disk. Peak memory is that of the largest process; it cannot be measured below that of the benchmark itself (about 11 MB).\n", changeSize>>10)
	for _, part := range []string{creating, restoring} {
		size := "file, MB"
		if part == restoring {
			size = "disk takes, MB"
		}
		fmt.Fprintf(&b, "\n| %s | CPU s | × ours | wall s | %s | peak memory, MB |\n|---|---:|---:|---:|---:|---:|\n", part, size)
		for _, l := range t.lines {
			if l.part != part {
				continue
			}
			fmt.Fprintf(&b, "| %s | %.1f | %.2f | %.1f | %.0f | %.0f |\n", l.name, l.cpu.Seconds(),
				l.cpu.Seconds()/t.ours[part].cpu.Seconds(), l.wall.Seconds(), float64(l.bytes)/1e6, float64(l.memory)/1e6)
		}
	}
	return b.String()
}
