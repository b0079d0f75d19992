package debian

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

type phaseRecorder struct{ phases []string }

func (n *phaseRecorder) Phase(name string, _ int64) { n.phases = append(n.phases, name) }
func (*phaseRecorder) Add(int64)                    {}

func TestOutputParser(t *testing.T) {
	p := &phaseRecorder{}
	said := &outputParser{p: p}
	for _, part := range []string{
		"I: automatically chosen mode: root\nI: downl", "oading packages with apt...\nI: installing ess",
		"ential packages...\r", "done\n", "E: the cause\nE: mmdebstrap failed to run\n", "half a line",
	} {
		if n, err := said.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if want := []string{PhaseDownload}; !slices.Equal(p.phases, want) {
		t.Errorf("phases %q, want %q", p.phases, want)
	}
	failed := errors.New("exit status 25")
	if err := said.wrapFailure(t.Context(), "mmdebstrap", failed); err.Error() != "mmdebstrap: the cause" {
		t.Errorf("explain: got error %v, want mmdebstrap: the cause", err)
	}
	said.handleLine("dpkg: error: No space left on device")
	if err := said.wrapFailure(t.Context(), "mmdebstrap", failed); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("explain: got error %v, want error %v", err, syscall.ENOSPC)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := said.wrapFailure(ended, "mmdebstrap", failed); !errors.Is(err, context.Canceled) {
		t.Errorf("explain: got error %v, want error %v", err, context.Canceled)
	}
}

// An error that occurs before the build leaves nothing behind.
func TestNoMirror(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/dists/bookworm/") {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		http.NotFound(w, r)
	}))
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	defer server.Close()
	for name, c := range map[string]struct {
		b    build
		want error
	}{
		"one that is not there":   {build{release: "bookworm", mirrors: mirrors{dead.URL, dead.URL}}, ErrMirror},
		"one that is ill":         {build{release: "bookworm", mirrors: mirrors{server.URL, server.URL}}, ErrMirror},
		"one without the release": {build{release: "trixie", mirrors: mirrors{server.URL, server.URL}}, ErrRelease},
		"a proxy that is not there": {
			build{release: "trixie", mirrors: mirrors{server.URL, server.URL}, proxy: []string{"http_proxy=" + dead.URL}}, ErrMirror,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			err := c.b.writeDisk(t.Context(), filepath.Join(cache, "disk"), &phaseRecorder{})
			if !errors.Is(err, c.want) {
				t.Errorf("writeDisk: got error %v, want %v", err, c.want)
			}
			if left, _ := os.ReadDir(cache); len(left) > 0 {
				t.Errorf("got leftover files %v, want none", left)
			}
		})
	}
}

// Each of GRUB's two parts is where the BIOS or the other part expects it.
func TestWriteBoot(t *testing.T) {
	disk := filepath.Join(t.TempDir(), "disk")
	write(t, disk, "")
	code, core := make([]byte, sectorSize), []byte("core")
	for i := range code {
		code[i] = 1
	}
	if err := writeBootSectors(disk, code[:100], core); err == nil {
		t.Error("writeBootSectors with half a sector: got no error, want one")
	}
	if err := writeBootSectors(disk, code, make([]byte, firstSector*sectorSize)); err == nil {
		t.Error("writeBootSectors with a core that reaches into the partition: got no error, want one")
	}
	if err := writeBootSectors(disk, code, core); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := make([]byte, 2*sectorSize)
	if _, err := f.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 2*sectorSize)
	copy(want, code[:440])
	copy(want[446:], "\x80\xfe\xff\xff\x83\xfe\xff\xff\x00\x08\x00\x00\x00\xf8\x1f\x00")
	copy(want[510:], "\x55\xaacore")
	if !slices.Equal(got, want) {
		t.Errorf("the disk begins with\n%x, want\n%x", got, want)
	}
	if info, err := f.Stat(); err != nil || info.Size() != MinSize {
		t.Errorf("Stat: got %v, %v; want MinSize bytes", info, err)
	}
}
