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

// forged is a snapshot's file whose header says something else, with the right
// checksum.
func forged(t *testing.T, whole []byte, key, value string) []byte {
	t.Helper()
	const crcAt, jsonAt = 16, 20
	b := bytes.Clone(whole)
	var says map[string]json.RawMessage
	if err := json.Unmarshal(b[jsonAt:headerLen], &says); err != nil {
		t.Fatal(err)
	}
	if says[key] == nil || string(says[key]) == value {
		t.Fatalf("%s is %s already", key, value)
	}
	says[key] = json.RawMessage(value)
	text, err := json.Marshal(says)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[jsonAt:headerLen], bytes.Repeat([]byte{' '}, headerLen))
	copy(b[jsonAt:headerLen], text)
	sum := crc32.Update(crc32.ChecksumIEEE(b[:crcAt]), crc32.IEEETable, b[jsonAt:headerLen])
	binary.LittleEndian.PutUint32(b[crcAt:], sum)
	return b
}

// endsAs is the same file as one of a disk of that size ends, with the right
// checksum of its body.
func endsAs(t *testing.T, b []byte, size int64) []byte {
	t.Helper()
	binary.LittleEndian.PutUint32(b[len(b)-4:], uint32(size))
	sum := crc32.Checksum(b[headerLen:], crc32.MakeTable(crc32.Castagnoli))
	return forged(t, b, "body_crc32c", strconv.FormatUint(uint64(sum), 10))
}

// TestForgedHeaders has headers whose checksum holds, and which do not tell the
// truth about what follows.
func TestForgedHeaders(t *testing.T) {
	p := newPatient(t)
	p.sumsHold = true
	for name, size := range map[string]int64{
		"a larger disk": 3 << 20, "a disk of TiBs": 8 << 40, "more than there may be": 32 << 40, "the largest number": 1<<63 - 1,
		"a smaller disk": 1 << 20, "one byte less": int64(len(p.was)) - 1, "no disk": 0, "less than none": -1,
	} {
		b := forged(t, p.whole, "size", strconv.FormatInt(size, 10))
		p.put(t, p.file, b)
		p.suffers(t, name, false)
		p.put(t, p.file, endsAs(t, b, size))
		p.suffers(t, name+", in its end too", false)
	}
	for name, lie := range map[string]struct{ key, value string }{
		"more data than there is disk": {"data", "99999999"}, "less than no data": {"data", "-1"},
		"another digest": {"digest", strconv.Quote(strings.Repeat("ab", 32))}, "half a digest": {"digest", `"abcd"`},
		"a longer file": {"file_size", "1099511627776"}, "no name of its own": {"id", `""`}, "format 0": {"vmterminal_snapshot", "0"},
		"another body": {"body_crc32c", "1"},
	} {
		p.put(t, p.file, forged(t, p.whole, lie.key, lie.value))
		p.suffers(t, name, lie.key == "body_crc32c") // the disk's own digest holds
	}
	p.put(t, p.file, forged(t, p.whole, "vmterminal_snapshot", "2"))
	if err := p.restore(t); !errors.Is(err, snapshot.ErrNewer) {
		t.Error("of a newer version: ", err)
	}
	p.ends(t)
}

// TestBombs has files that unpack to more than there is room or time for.
func TestBombs(t *testing.T) {
	p := newPatient(t)
	// A header may claim as much as its file can hold, and a hole costs nothing.
	const length = 20 << 30
	b := forged(t, forged(t, p.whole, "size", strconv.FormatInt(8<<40, 10)), "file_size", strconv.FormatInt(length, 10))
	p.put(t, p.file, b[:headerLen])
	f, err := os.OpenFile(p.file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}, length-13); err != nil {
		t.Fatal(err)
	}
	p.sumsHold = true // it would be read for long
	p.suffers(t, "TiBs in a file of holes", false)

	small := filepath.Join(lab(t), "small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=48m"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Unmount(small, unix.MNT_DETACH) }()
	p = newPatientIn(t, filepath.Join(small, "vm"))
	for name, b := range map[string][]byte{"of text": packed(bytes.Repeat([]byte("boom"), 16<<20)), "of zeros": packed(make([]byte, 64<<20))} {
		p.put(t, p.file, b)
		p.idx = nil
		before := p.names(t)
		if name == "of text" {
			if err := p.restore(t); !errors.Is(err, snapshot.ErrNoSpace) {
				t.Errorf("a bomb %s: %v", name, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := p.store.Restore(ctx, rotten, p.dir.Disk(), atOnce(cancel))
		if !errors.Is(err, context.Canceled) && !errors.Is(err, snapshot.ErrNoSpace) {
			t.Errorf("a bomb %s, cancelled: %v", name, err)
		}
		if after := p.names(t); len(after) != len(before) {
			t.Errorf("a bomb %s: left are %q", name, after)
		}
	}
	p.ends(t)
}

// atOnce is a Progress that ends what has only just made some.
type atOnce context.CancelFunc

func (atOnce) Phase(string, int64) {}
func (end atOnce) Add(int64)       { end() }

// wrongFiles put things in the place of a snapshot's file that are none.
func wrongFiles(t *testing.T) map[string]func(path string) error {
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
		"a tar": archive.Bytes(), "a tar.gz": packed(archive.Bytes()), "a qcow2 in gzip": packed([]byte(qcow2)),
		"gzip's first bytes": {0x1f, 0x8b, 8}, "its header": packed(nil)[:10],
	} {
		kinds[name] = func(path string) error { return os.WriteFile(path, b, 0o600) }
	}
	return kinds
}

// TestWrongFiles verifies and restores what has a snapshot's name and is none.
func TestWrongFiles(t *testing.T) {
	p := newPatient(t)
	for name, make := range wrongFiles(t) {
		p.put(t, p.file, nil)
		if err := make(p.file); err != nil {
			t.Fatal(err)
		}
		p.suffers(t, name, false)
	}
	p.ends(t)
}

// TestRotAsCommands has the commands say what is wrong, in one line and with the
// exit code for it.
func TestRotAsCommands(t *testing.T) {
	p, home := newPatient(t), filepath.Join(lab(t), "home")
	buildCommand(t)
	s := start(t, "")
	for _, words := range [][]string{{"vm-create", "dev"}, {"disk", "first"}, {"create", rotten}, {"disk", "second"}} {
		if err := s.do(home, words...); err != nil {
			t.Fatal(err)
		}
	}
	p.moveTo(t, home)
	kinds := wrongFiles(t)
	for name, b := range map[string][]byte{
		"cut": p.whole[:len(p.whole)/2], "one byte more": append(bytes.Clone(p.whole), 0), "forged": forged(t, p.whole, "id", `""`),
		"flipped header": flipped(p.whole, 100), "flipped body": flipped(p.whole, headerLen+100),
	} {
		kinds[name] = func(path string) error { return os.WriteFile(path, b, 0o600) }
	}
	rng := random(t)
	for name, make := range kinds {
		if !thorough && rng.IntN(3) > 0 {
			continue
		}
		p.put(t, p.file, nil)
		if err := make(p.file); err != nil {
			t.Fatal(err)
		}
		for _, words := range [][]string{{"verify", rotten}, {"restore", rotten}, {"export", rotten}, {"clone", rotten, "copy"}} {
			e := command(t, home, words...)
			said := strings.Split(strings.TrimSpace(e.err), "\n")
			if last := said[len(said)-1]; e.exit != 5 || !strings.HasPrefix(last, "vmterminal: Could not "+words[0]) || !strings.Contains(last, "damaged") {
				t.Errorf("%s of %s: exit code %d: %s", words[0], name, e.exit, e.err)
			}
		}
		if left := leftIn(home); len(left) > 0 {
			t.Errorf("%s: left are %q", name, left)
		}
		p.untouched(t)
	}
	if !bytes.Equal(read(t, p.dir.Disk()), p.now) {
		t.Error("the disk has changed")
	}
}

func flipped(whole []byte, at int) []byte {
	b := bytes.Clone(whole)
	b[at] ^= 1
	return b
}
