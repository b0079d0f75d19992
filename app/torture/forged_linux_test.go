package torture

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot"
)

// forgeHeader returns a snapshot file with a modified header and a valid header checksum.
func forgeHeader(t *testing.T, whole []byte, key, value string) []byte {
	t.Helper()
	const crcAt, jsonAt = 16, 20
	b := bytes.Clone(whole)
	var header map[string]json.RawMessage
	if err := json.Unmarshal(b[jsonAt:headerLen], &header); err != nil {
		t.Fatal(err)
	}
	if header[key] == nil || string(header[key]) == value {
		t.Fatalf("header field %s is missing or already %s", key, value)
	}
	header[key] = json.RawMessage(value)
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[jsonAt:headerLen], bytes.Repeat([]byte{' '}, headerLen))
	copy(b[jsonAt:headerLen], text)
	sum := crc32.Update(crc32.ChecksumIEEE(b[:crcAt]), crc32.IEEETable, b[jsonAt:headerLen])
	binary.LittleEndian.PutUint32(b[crcAt:], sum)
	return b
}

// forgeSize writes size to the file's trailer, and returns the file with a valid body checksum.
func forgeSize(t *testing.T, b []byte, size int64) []byte {
	t.Helper()
	binary.LittleEndian.PutUint32(b[len(b)-4:], uint32(size))
	sum := crc32.Checksum(b[headerLen:], crc32.MakeTable(crc32.Castagnoli))
	return forgeHeader(t, b, "body_crc32c", strconv.FormatUint(uint64(sum), 10))
}

// TestForgedHeaders uses headers with a valid checksum that do not match the body.
func TestForgedHeaders(t *testing.T) {
	p := newCorruptStore(t)
	p.validChecksums = true
	for name, size := range map[string]int64{
		"a larger disk": 3 << 20, "a disk of TiBs": 8 << 40, "more than the limit": 32 << 40, "the largest number": 1<<63 - 1,
		"a smaller disk": 1 << 20, "one byte less": int64(len(p.snapshotDisk)) - 1, "an empty disk": 0, "a negative size": -1,
	} {
		b := forgeHeader(t, p.whole, "size", strconv.FormatInt(size, 10))
		p.writeFile(t, p.file, b)
		p.checkDamaged(t, name, false)
		p.writeFile(t, p.file, forgeSize(t, b, size))
		p.checkDamaged(t, name+", in the trailer too", false)
	}
	for name, lie := range map[string]struct{ key, value string }{
		"more data than the disk": {"data", "99999999"}, "negative data": {"data", "-1"},
		"another digest": {"digest", strconv.Quote(strings.Repeat("ab", 32))}, "half a digest": {"digest", `"abcd"`},
		"a longer file": {"file_size", "1099511627776"}, "an empty ID": {"id", `""`}, "format 0": {"vmterminal_snapshot", "0"},
		"another body": {"body_crc32c", "1"},
	} {
		p.writeFile(t, p.file, forgeHeader(t, p.whole, lie.key, lie.value))
		p.checkDamaged(t, name, lie.key == "body_crc32c") // the disk's own digest is still right
	}
	p.writeFile(t, p.file, forgeHeader(t, p.whole, "vmterminal_snapshot", "2"))
	if err := p.restore(t); !errors.Is(err, snapshot.ErrNewer) {
		t.Errorf("newer format: got %v, want ErrNewer", err)
	}
	p.checkIntact(t)
}

// TestDecompressionBombs uses files whose decompressed data exceeds the space or time limits.
func TestDecompressionBombs(t *testing.T) {
	p := newCorruptStore(t)
	// A header may claim any size that its file can hold; a hole costs nothing.
	const length = 20 << 30
	b := forgeHeader(t, forgeHeader(t, p.whole, "size", strconv.FormatInt(8<<40, 10)), "file_size", strconv.FormatInt(length, 10))
	p.writeFile(t, p.file, b[:headerLen])
	f, err := os.OpenFile(p.file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}, length-13); err != nil {
		t.Fatal(err)
	}
	p.validChecksums = true // reading it would take too long
	p.checkDamaged(t, "TiBs in a file of holes", false)

	small := filepath.Join(tortureDir(t), "small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=48m"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Unmount(small, unix.MNT_DETACH) }()
	p = newCorruptStoreIn(t, filepath.Join(small, "vm"))
	for name, b := range map[string][]byte{"of text": gzipped(bytes.Repeat([]byte("boom"), 16<<20)), "of zeros": gzipped(make([]byte, 64<<20))} {
		p.writeFile(t, p.file, b)
		p.idx = nil
		before := p.listFiles(t)
		if name == "of text" {
			if err := p.restore(t); !errors.Is(err, snapshot.ErrNoSpace) {
				t.Errorf("bomb %s: got %v, want ErrNoSpace", name, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := p.store.Restore(ctx, corruptName, p.dir.Disk(), cancelOnAdd(cancel))
		if !errors.Is(err, context.Canceled) && !errors.Is(err, snapshot.ErrNoSpace) {
			t.Errorf("bomb %s, canceled: got %v, want Canceled or ErrNoSpace", name, err)
		}
		if after := p.listFiles(t); len(after) != len(before) {
			t.Errorf("bomb %s: got files %q, want %q", name, after, before)
		}
	}
	p.checkIntact(t)
}

// cancelOnAdd is a Progress that cancels the operation at the first progress.
type cancelOnAdd context.CancelFunc

func (cancelOnAdd) Phase(string, int64) {}
func (end cancelOnAdd) Add(int64)       { end() }

// otherFileKinds returns functions that create something other than a snapshot at a path.
func otherFileKinds(t *testing.T) map[string]func(path string) error {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	content := strings.Repeat("a file in an archive\n", 5000)
	err := w.WriteHeader(&tar.Header{Name: "etc/motd", Mode: 0o600, Size: int64(len(content))})
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	qcow2 := "QFI\xfb\x00\x00\x00\x03" + strings.Repeat("\x00", 64<<10)
	kinds := map[string]func(path string) error{
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"a FIFO":   func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a socket": func(path string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
		"endless zeros":  func(path string) error { return os.Symlink("/dev/zero", path) },
		"a full device":  func(path string) error { return os.Symlink("/dev/full", path) },
		"the terminal":   func(path string) error { return os.Symlink("/dev/tty", path) },
		"another folder": func(path string) error { return os.Symlink("/", path) },
	}
	for name, b := range map[string][]byte{
		"nothing": {}, "a text": []byte("This is not a snapshot.\n"), "a raw disk": make([]byte, 1<<20), "a qcow2": []byte(qcow2),
		"an xz": append([]byte("\xfd7zXZ\x00\x00\x04"), make([]byte, 5000)...), "a zip": append([]byte("PK\x03\x04\x14"), make([]byte, 5000)...),
		"a tar": archive.Bytes(), "a tar.gz": gzipped(archive.Bytes()), "a qcow2 in gzip": gzipped([]byte(qcow2)),
		"gzip's first bytes": {0x1f, 0x8b, 8}, "its header": gzipped(nil)[:10], "nothing in gzip": gzipped(nil), "a gzip in gzip": gzipped(gzipped(make([]byte, 1<<20))),
	} {
		kinds[name] = func(path string) error { return os.WriteFile(path, b, 0o600) }
	}
	return kinds
}

// TestOtherFileKinds verifies and restores files that are not snapshots.
func TestOtherFileKinds(t *testing.T) {
	p := newCorruptStore(t)
	for name, create := range otherFileKinds(t) {
		p.writeFile(t, p.file, nil)
		if err := create(p.file); err != nil {
			t.Fatal(err)
		}
		p.checkDamaged(t, name, false)
	}
	p.checkIntact(t)
}

// TestCommandsReportDamage checks that commands report the damage in one line and with its exit code.
func TestCommandsReportDamage(t *testing.T) {
	p, home := newCorruptStore(t), filepath.Join(tortureDir(t), "home")
	buildCommand(t)
	s := startSubject(t, "")
	for _, words := range [][]string{{"vm-create", "dev"}, {"disk", "first"}, {"create", corruptName}, {"disk", "second"}} {
		if err := s.run(home, words...); err != nil {
			t.Fatal(err)
		}
	}
	p.useStore(t, home)
	kinds := otherFileKinds(t)
	for name, b := range map[string][]byte{
		"cut": p.whole[:len(p.whole)/2], "one byte more": append(bytes.Clone(p.whole), 0), "forged": forgeHeader(t, p.whole, "id", `""`),
		"flipped header": withFlippedByte(p.whole, 100), "flipped body": withFlippedByte(p.whole, headerLen+100),
	} {
		kinds[name] = func(path string) error { return os.WriteFile(path, b, 0o600) }
	}
	rng := newRand(t)
	for name, create := range kinds {
		if !thorough && rng.IntN(3) > 0 {
			continue
		}
		p.writeFile(t, p.file, nil)
		if err := create(p.file); err != nil {
			t.Fatal(err)
		}
		for _, words := range [][]string{{"verify", corruptName}, {"restore", corruptName}, {"export", corruptName}, {"clone", corruptName, "copy"}} {
			e := runProgram(t, home, words...)
			lines := strings.Split(strings.TrimSpace(e.err), "\n")
			if last := lines[len(lines)-1]; e.exit != 5 || !strings.HasPrefix(last, "vmterminal: Could not "+words[0]) || !strings.Contains(last, "damaged") {
				t.Errorf("%s of %s: got exit code %d, want 5 and a report of damage: %s", words[0], name, e.exit, e.err)
			}
		}
		if left := leftoversIn(home); len(left) > 0 {
			t.Errorf("%s: got leftovers %q, want none", name, left)
		}
		p.checkDiskUntouched(t)
	}
	if !bytes.Equal(readFile(t, p.dir.Disk()), p.currentDisk) {
		t.Error("the disk has changed")
	}
}

func withFlippedByte(whole []byte, at int) []byte {
	b := bytes.Clone(whole)
	b[at] ^= 1
	return b
}
