package gzfile

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/diskfile"
)

// benchDisk returns the disk named by an environment variable, or a generated one.
func benchDisk(b *testing.B) Source {
	b.Helper()
	path := os.Getenv("VMTERMINAL_BENCH_DISK")
	if path == "" {
		return place(1024*mib, map[int][]byte{0: text(1, 40*mib), 500 * mib: random(1, 10*mib), 800 * mib: text(2, 40*mib)})
	}
	disk, err := diskfile.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = disk.Close() })
	return disk
}

// nowhere is a Target that discards everything.
type nowhere struct{}

func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// BenchmarkCreate compares CPU times and file sizes at different levels; see defaultLevel.
func BenchmarkCreate(b *testing.B) {
	src := benchDisk(b)
	plan, err := NewPlan(context.Background(), src)
	if err != nil {
		b.Fatal(err)
	}
	for level := 1; level <= 6; level++ {
		b.Run(fmt.Sprintf("level=%d", level), func(b *testing.B) {
			b.SetBytes(plan.Bytes)
			b.ReportAllocs()
			cpu := cpuTime()
			var size int64
			for b.Loop() {
				h, _, err := Write(context.Background(), nowhere{}, src, plan, header("bench"), Options{level: level})
				if err != nil {
					b.Fatal(err)
				}
				size = h.FileSize
			}
			b.ReportMetric((cpuTime()-cpu).Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(size)/1e6, "MB/file")
		})
	}
}

// BenchmarkRestore reads a file by its index and as a stream.
func BenchmarkRestore(b *testing.B) {
	src := benchDisk(b)
	out, h, x := written(b, src, 0)
	f, err := Open(out, h.FileSize)
	if err != nil {
		b.Fatal(err)
	}
	nothing := func(int64, []byte) error { return nil }
	for name, read := range map[string]func() error{
		"index": func() error { return f.Decode(context.Background(), x, nothing, Options{}) },
		"stream": func() error {
			_, err := Stream(context.Background(), bytes.NewReader(out.b), nothing, Options{})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(h.Data)
			cpu := cpuTime()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpuTime()-cpu).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// cpuTime returns the CPU time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
