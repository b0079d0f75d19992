package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// toSparse writes its input as a sparse file.
const toSparse = ` | dd of="$2" bs=256k iflag=fullblock conv=sparse status=none`

// otherTool is another tool. Its pipelines read $1 and write $2.
type otherTool struct {
	tool, name, create string
	restores           map[string]string // name to pipeline
}

func otherTools() []otherTool {
	threads := strconv.Itoa(runtime.NumCPU())
	return []otherTool{
		{"gzip", "gzip -1", `gzip -1 -c "$1" >"$2"`, map[string]string{"gunzip, sparse": `gunzip -c "$1"` + toSparse}},
		{"pigz", "pigz -1", `pigz -1 -c "$1" >"$2"`, map[string]string{"pigz -d, sparse": `pigz -d -c "$1"` + toSparse}},
		{"igzip", "igzip -1 -T" + threads, `igzip -1 -T` + threads + ` -c "$1" >"$2"`, map[string]string{"igzip -d, sparse": `igzip -d -c "$1"` + toSparse}},
		{"zstd", "zstd -1 -T0", `zstd -q -1 -T0 -f "$1" -o "$2"`, nil},
		{"zstd", "zstd -3 -T0", `zstd -q -3 -T0 -f "$1" -o "$2"`, map[string]string{"zstd -d": `zstd -q -d -f --sparse "$1" -o "$2"`}},
		{
			"qemu-img", "qemu-img convert -c", `qemu-img convert -c -f raw -O qcow2 "$1" "$2"`,
			map[string]string{"qemu-img convert": `qemu-img convert -f qcow2 -O raw "$1" "$2"`},
		},
	}
}

// measureOthers measures the installed tools, and Go's own gzip.
func (b *bench) measureOthers() error {
	disk := b.vm.Disk
	packed, raw := filepath.Join(b.dir, "packed"), filepath.Join(b.dir, "raw")
	for _, t := range otherTools() {
		if t.tool == "gzip" && !b.slow {
			continue
		}
		if !isInstalled(t.tool) {
			b.logf("%s is not installed", t.tool)
			continue
		}
		b.logf("%s", t.name)
		f, err := b.measurePipeline(t, t.create, disk, packed)
		if err != nil {
			return err
		}
		f.bytes = fileSize(packed)
		b.table.add(creating, "`"+t.name+"`", "", f)
		for name, pipeline := range t.restores {
			b.logf("%s", name)
			if f, err = b.measurePipeline(t, pipeline, packed, raw); err != nil {
				return err
			}
			f.bytes = allocated(raw)
			b.table.add(restoring, "`"+name+"`", "", f)
			os.Remove(raw)
		}
		os.Remove(packed)
	}
	if !b.slow {
		return nil
	}
	return b.goGzip(disk, packed, raw)
}

// measurePipeline measures a pipeline of a tool, with a single run for gzip, which takes minutes.
func (b *bench) measurePipeline(t otherTool, pipeline, from, to string) (figures, error) {
	once := func() (figures, error) { return runPipeline(b.ctx, pipeline, from, to) }
	if t.tool == "gzip" {
		return once()
	}
	return bestOf(func() error { return os.Remove(to) }, once)
}

func (b *bench) goGzip(disk, packed, raw string) error {
	b.logf("Go's compress/gzip")
	f, err := measure(b.ctx, b.executable, workerCommand, "gzip", disk, packed)
	if err != nil {
		return err
	}
	f.bytes = fileSize(packed)
	b.table.add(creating, "Go's `compress/gzip`", "", f)
	if f, err = measure(b.ctx, b.executable, workerCommand, "gunzip", packed, raw); err != nil {
		return err
	}
	f.bytes = allocated(raw)
	b.table.add(restoring, "Go's `compress/gzip`, not sparse", "", f)
	return nil
}
