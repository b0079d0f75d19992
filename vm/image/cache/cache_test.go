package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalogue"
	"vmterminal/vm/image/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a raw disk of 1 MiB that differs by its mark.
func disk(mark string) []byte {
	d := make([]byte, 1<<20)
	copy(d, mark)
	d[510], d[511] = 0x55, 0xaa
	copy(d[700_000:], mark)
	return d
}

func sha(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// server gives data, and counts how often it is asked for its start.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	data   []byte
	starts atomic.Int64
	cut    bool // the answer that begins at the start ends in its middle
}

func serve(t *testing.T, data []byte) *server {
	t.Helper()
	s := &server{data: data}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	data, cut := s.data, s.cut
	s.mu.Unlock()
	w.Header().Set("ETag", `"`+sha(data)+`"`)
	if r.Header.Get("Range") != "" {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		return
	}
	s.starts.Add(1)
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	if cut {
		_, _ = w.Write(data[:len(data)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(data)
}

func (s *server) set(data []byte, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data, s.cut = data, cut
}

func (s *server) offer(version string, data []byte) catalogue.Offer {
	return catalogue.Offer{
		Distro: "debian", Release: "trixie", Version: version, Address: s.URL,
		Sum: catalogue.Sum{Algorithm: "sha256", Hex: sha(data)}, Verified: catalogue.ByChecksum,
	}
}

type meter struct{}

func (meter) Phase(string, int64) {}
func (meter) Add(int64)           {}

func newStore(t *testing.T) *cache.Store {
	return &cache.Store{Home: ondisk.Home(t.TempDir()), Client: fetch.Client{Pause: time.Millisecond}}
}

// holds fails when the store's image is not that, or more than it and the few
// small files that stay are there.
func holds(t *testing.T, s *cache.Store, name string, want []byte) {
	t.Helper()
	f, m, err := s.Open(t.Context(), name, meter{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(got, want) || m.Digest != sha(want) || m.Size != int64(len(want)) {
		t.Errorf("%+v has %d bytes of others, %v", m, len(got), err)
	}
	left(t, s, sha(want)+".img", "image.json", "lock")
}

// left fails when other files are in the folder of the one image that there is.
func left(t *testing.T, s *cache.Store, want ...string) {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(s.Home.Images()), ".", func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("there are %q, want %q", names, want)
	}
}

func TestDownload(t *testing.T) {
	s, data := newStore(t), disk("one")
	from := serve(t, data)
	for range 2 { // the second time nothing is downloaded
		m, err := s.Download(t.Context(), from.offer("1", data), meter{})
		if err != nil || m.Name != "debian:trixie" || m.Version != "1" || m.Verified != catalogue.ByChecksum || m.Source != from.URL {
			t.Fatalf("%+v, %v", m, err)
		}
		holds(t, s, "debian:trixie", data)
	}
	if from.starts.Load() != 1 {
		t.Errorf("downloaded %d times", from.starts.Load())
	}
	// A newer one takes its place.
	newer := disk("two")
	from.set(newer, false)
	if _, err := s.Download(t.Context(), from.offer("2", newer), meter{}); err != nil {
		t.Fatal(err)
	}
	holds(t, s, "debian:trixie", newer)
	if list, err := s.List(); err != nil || len(list) != 1 || list[0].Version != "2" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestTwoDownloadsAreOne(t *testing.T) {
	s, data := newStore(t), disk("one")
	from := serve(t, data)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := s.Download(t.Context(), from.offer("1", data), meter{}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	holds(t, s, "debian:trixie", data)
	if from.starts.Load() != 1 {
		t.Errorf("downloaded %d times", from.starts.Load())
	}
}

// A file other than the one that is told of is not kept, and what was there stays.
func TestSwappedFile(t *testing.T) {
	s, data := newStore(t), disk("one")
	from := serve(t, data)
	if _, err := s.Download(t.Context(), from.offer("1", data), meter{}); err != nil {
		t.Fatal(err)
	}
	from.set(disk("evil"), false)
	if _, err := s.Download(t.Context(), from.offer("2", disk("two")), meter{}); !errors.Is(err, cache.ErrChecksum) {
		t.Errorf("%v", err)
	}
	holds(t, s, "debian:trixie", data)
	// The next time it is right, and begins anew.
	from.set(disk("two"), false)
	if _, err := s.Download(t.Context(), from.offer("2", disk("two")), meter{}); err != nil {
		t.Fatal(err)
	}
	holds(t, s, "debian:trixie", disk("two"))
}

func TestWhatIsNoImageIsNotKept(t *testing.T) {
	s, page := newStore(t), []byte("<html>Log in to this network</html>")
	from := serve(t, page)
	if _, err := s.Download(t.Context(), from.offer("1", page), meter{}); !errors.Is(err, image.ErrNotImage) {
		t.Error(err)
	}
	left(t, s, "lock")
}

// What was cut off is gone on with by the next one, and what was swapped between is
// noticed.
func TestDownloadGoesOn(t *testing.T) {
	for name, second := range map[string][]byte{"the same": disk("one"), "swapped": disk("two")} {
		s, data := newStore(t), disk("one")
		from := serve(t, data)
		from.set(data, true)
		ctx, cancel := context.WithCancel(t.Context())
		s.Room = func(string) error {
			if from.starts.Load() > 0 {
				cancel() // once the first bytes have come
			}
			return nil
		}
		if _, err := s.Download(ctx, from.offer("1", data), meter{}); err == nil {
			t.Fatal("half an image was taken")
		}
		left(t, s, "download.json", "download.part", "lock")
		from.set(second, false)
		s.Room = nil
		_, err := s.Download(t.Context(), from.offer("1", data), meter{})
		switch {
		case name == "swapped" && !errors.Is(err, cache.ErrChecksum):
			t.Error(err)
		case name == "the same" && err != nil:
			t.Error(err)
		case name == "the same":
			holds(t, s, "debian:trixie", data)
		}
		cancel()
	}
}

// Work on an image is seen, and ended, from outside; what has come is kept.
func TestDownloadThatIsAskedToEnd(t *testing.T) {
	s, data := newStore(t), disk("one")
	half, over := make(chan struct{}), make(chan struct{})
	from := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"`+sha(data)+`"`)
		if r.Header.Get("Range") != "" {
			if _, err := os.Stat(s.Home.Image("debian@trixie").Cancel()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("what was asked of an earlier one is asked of the next: %v", err)
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:len(data)/2])
		_ = http.NewResponseController(w).Flush()
		close(half)
		<-over
	}))
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	t.Cleanup(from.Close)
	t.Cleanup(sync.OnceFunc(func() { close(over) }))
	offer := (&server{Server: from}).offer("1", data)
	if list, err := s.Working(); err != nil || len(list) > 0 {
		t.Errorf("before there is any: %+v, %v", list, err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Download(t.Context(), offer, meter{})
		ended <- err
	}()
	<-half
	list, err := s.Working()
	for err == nil && len(list) == 1 && list[0].Come < int64(len(data)/2) {
		list, err = s.Working()
	}
	if err != nil || len(list) != 1 || list[0].Name != "debian:trixie" || list[0].Total != int64(len(data)) || list[0].PID != os.Getpid() || list[0].Doing != "getting the image 'debian:trixie'" {
		t.Fatalf("%+v, %v", list, err)
	}
	dir, err := s.Dir("debian:trixie")
	if err == nil {
		err = ondisk.AskToEnd(dir.Cancel(), os.Getpid())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("asked to end: %v", err)
	}
	left(t, s, "download.json", "download.part", "lock")
	if list, err := s.Working(); err != nil || len(list) > 0 {
		t.Errorf("after its end: %+v, %v", list, err)
	}
	// A request that came too late is not obeyed by the next one.
	if err := ondisk.AskToEnd(dir.Cancel(), os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Download(t.Context(), offer, meter{}); err != nil {
		t.Error(err)
	}
	holds(t, s, "debian:trixie", data)
}
