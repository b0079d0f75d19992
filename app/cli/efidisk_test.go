package cli_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"vmterminal/app"
	"vmterminal/vm/home"
)

const (
	sector     = 512
	efiSectors = 16384 // 8 MiB: FAT16
	efiStart   = 2048
	fatSectors = 64
	rootFiles  = 512
	scriptRoom = 8 * sector
)

// efidisk DISK SCRIPT: creates a disk that has only an EFI system partition, which contains
// SCRIPT as startup.nsh for the firmware's shell. On an existing disk it replaces the script.
func efidisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: efidisk DISK SCRIPT")
	}
	script := []byte(strings.ReplaceAll(ts.ReadFile(args[1]), "\n", "\r\n"))
	script = append(script, bytes.Repeat([]byte("\r\n"), (scriptRoom-len(script))/2)...)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR|os.O_CREATE, 0o600)
	ts.Check(err)
	defer f.Close()
	st, err := f.Stat()
	ts.Check(err)
	if st.Size() == 0 {
		ts.Check(f.Truncate((efiStart + efiSectors + 2048) * sector))
		_, err = f.WriteAt(efiTable(), 0)
		ts.Check(err)
		_, err = f.WriteAt(fat16(len(script)), efiStart*sector)
		ts.Check(err)
	}
	first := int64(1 + 2*fatSectors + rootFiles*32/sector) // start of the files
	_, err = f.WriteAt(script, (efiStart+first)*sector)
	ts.Check(err)
}

// efiTable returns a DOS partition table with an EFI system partition.
func efiTable() []byte {
	b := make([]byte, sector)
	entry := b[446:]
	entry[4] = 0xef
	binary.LittleEndian.PutUint32(entry[8:], efiStart)
	binary.LittleEndian.PutUint32(entry[12:], efiSectors)
	b[510], b[511] = 0x55, 0xaa
	return b
}

// fat16 returns the metadata of a FAT16 file system that contains one file, startup.nsh. The
// parameter size is the file's length in bytes.
func fat16(size int) []byte {
	clusters := (size + sector - 1) / sector
	b := make([]byte, (1+2*fatSectors)*sector+rootFiles*32)
	copy(b, "\xeb\x3c\x90VMTEST  ")
	binary.LittleEndian.PutUint16(b[11:], sector)
	b[13] = 1 // sectors per cluster
	binary.LittleEndian.PutUint16(b[14:], 1)
	b[16] = 2 // number of tables
	binary.LittleEndian.PutUint16(b[17:], rootFiles)
	binary.LittleEndian.PutUint16(b[19:], efiSectors)
	b[21] = 0xf8
	binary.LittleEndian.PutUint16(b[22:], fatSectors)
	binary.LittleEndian.PutUint32(b[28:], efiStart)
	b[38] = 0x29
	copy(b[43:], "VMTEST     FAT16   ")
	b[510], b[511] = 0x55, 0xaa
	for table := range 2 {
		fat := b[(1+table*fatSectors)*sector:]
		binary.LittleEndian.PutUint16(fat, 0xfff8)
		binary.LittleEndian.PutUint16(fat[2:], 0xffff)
		for n := range clusters {
			next := uint16(n + 3)
			if n == clusters-1 {
				next = 0xffff
			}
			binary.LittleEndian.PutUint16(fat[2*(n+2):], next)
		}
	}
	file := b[(1+2*fatSectors)*sector:]
	copy(file, "STARTUP NSH ")
	binary.LittleEndian.PutUint16(file[26:], 2)
	binary.LittleEndian.PutUint32(file[28:], uint32(size))
	return b
}

// off VM: waits until the VM is off.
func off(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: off VM")
	}
	svc := app.New(app.Options{Home: home.Dir(ts.Getenv(home.EnvVar))})
	ctx, cancel := context.WithTimeout(context.Background(), awaitTimeout)
	defer cancel()
	console, err := svc.Console(ctx, args[0])
	if err != nil {
		return // already off
	}
	defer console.Close()
	defer context.AfterFunc(ctx, func() { console.Close() })()
	for b := make([]byte, 4096); err == nil; {
		_, err = console.Read(b)
	}
	if v, err := svc.VM(ctx, args[0]); err != nil || v.State.Alive() {
		ts.Fatalf("state of '%s': got %s, error %v; want it off", args[0], v.State, err)
	}
}

// said VM TEXT: waits until the VM's console has shown "said: TEXT".
func said(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: said VM TEXT")
	}
	svc := app.New(app.Options{Home: home.Dir(ts.Getenv(home.EnvVar))})
	ctx, cancel := context.WithTimeout(context.Background(), awaitTimeout)
	defer cancel()
	console, err := svc.Console(ctx, args[0])
	ts.Check(err)
	defer console.Close()
	defer context.AfterFunc(ctx, func() { console.Close() })()
	var all []byte
	for b := make([]byte, 4096); !bytes.Contains(all, []byte("said: "+args[1])); {
		n, err := console.Read(b)
		if all = append(all, b[:n]...); err != nil {
			ts.Fatalf("console of '%s' ended without %q: %v\n%q", args[0], args[1], err, all)
		}
	}
}
