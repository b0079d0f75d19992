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

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalog"
	"vmterminal/vm/image/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk returns a raw disk of 1 MiB that contains mark.
func disk(mark string) []byte {
	d := make([]byte, 1<<20)
	copy(d, mark)
	d[510], d[511] = 0x55, 0xaa
	copy(d[700_000:], mark)
	return d
}

func sha(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// server serves data and counts the requests for the whole file.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	data   []byte
	starts atomic.Int64
	cut    bool // responses to requests for the whole file end halfway
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

func (s *server) offer(version string, data []byte) catalog.Offer {
	return catalog.Offer{
		Distro: "debian", Release: "trixie", Version: version, Address: s.URL,
		Sum: catalog.Sum{Algorithm: "sha256", Hex: sha(data)}, Verified: catalog.ByChecksum,
	}
}

type meter struct{}

func (meter) Phase(string, int64) {}
func (meter) Add(int64)           {}

func newStore(t *testing.T) *cache.Store {
	return &cache.Store{Home: home.Dir(t.TempDir()), Client: fetch.Client{RetryPause: time.Millisecond}}
}

// checkImage checks the contents of the store's only image, and that its folder contains no
// unexpected files.
func checkImage(t *testing.T, s *cache.Store, name string, want []byte) {
	t.Helper()
	f, m, err := s.Open(t.Context(), name, meter{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(got, want) || m.Digest != sha(want) || m.Size != int64(len(want)) {
		t.Errorf("Open = %+v with %d bytes, %v; want the image's contents and Size %v", m, len(got), err, int64(len(want)))
	}
	checkFiles(t, s, sha(want)+".img", "image.json", "lock")
}

// checkFiles checks the files in the folder of the only image.
func checkFiles(t *testing.T, s *cache.Store, want ...string) {
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
		t.Errorf("got files %q, want %q", names, want)
	}
}

func TestDownload(t *testing.T) {
	s, data := newStore(t), disk("one")
	from := serve(t, data)
	for range 2 { // the second time nothing is downloaded
		m, err := s.Download(t.Context(), from.offer("1", data), meter{})
		if err != nil || m.Name != "debian:trixie" || m.Version != "1" || m.Verified != catalog.ByChecksum || m.Source != from.URL {
			t.Fatalf("Download: got %+v, %v; want Name %q, Version %q, Verified %v, Source %v", m, err, "debian:trixie", "1", catalog.ByChecksum, from.URL)
		}
		checkImage(t, s, "debian:trixie", data)
	}
	if from.starts.Load() != 1 {
		t.Errorf("downloaded %d times, want 1", from.starts.Load())
	}
	// A newer version replaces it.
	newer := disk("two")
	from.set(newer, false)
	if _, err := s.Download(t.Context(), from.offer("2", newer), meter{}); err != nil {
		t.Fatal(err)
	}
	checkImage(t, s, "debian:trixie", newer)
	if list, err := s.List(); err != nil || len(list) != 1 || list[0].Version != "2" {
		t.Errorf("List: got %+v, %v; want 1 entry", list, err)
	}
}

func TestConcurrentDownloadsShareOne(t *testing.T) {
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
	checkImage(t, s, "debian:trixie", data)
	if from.starts.Load() != 1 {
		t.Errorf("downloaded %d times, want 1", from.starts.Load())
	}
}

// A file with the wrong checksum is discarded, and the existing image is preserved.
func TestSwappedFile(t *testing.T) {
	s, data := newStore(t), disk("one")
	from := serve(t, data)
	if _, err := s.Download(t.Context(), from.offer("1", data), meter{}); err != nil {
		t.Fatal(err)
	}
	from.set(disk("evil"), false)
	if _, err := s.Download(t.Context(), from.offer("2", disk("two")), meter{}); !errors.Is(err, cache.ErrChecksum) {
		t.Errorf("Download: got error %v, want error %v", err, cache.ErrChecksum)
	}
	checkImage(t, s, "debian:trixie", data)
	// The next download has the right file and starts from the beginning.
	from.set(disk("two"), false)
	if _, err := s.Download(t.Context(), from.offer("2", disk("two")), meter{}); err != nil {
		t.Fatal(err)
	}
	checkImage(t, s, "debian:trixie", disk("two"))
}

func TestInvalidImageIsDiscarded(t *testing.T) {
	s, page := newStore(t), []byte("<html>Log in to this network</html>")
	from := serve(t, page)
	if _, err := s.Download(t.Context(), from.offer("1", page), meter{}); !errors.Is(err, image.ErrNotImage) {
		t.Error(err)
	}
	checkFiles(t, s, "lock")
}

// An interrupted download is continued by the next call, unless the file on the server changed.
func TestDownloadIsResumed(t *testing.T) {
	for name, second := range map[string][]byte{"the same": disk("one"), "swapped": disk("two")} {
		s, data := newStore(t), disk("one")
		from := serve(t, data)
		from.set(data, true)
		ctx, cancel := context.WithCancel(t.Context())
		s.Room = func(string, int64) error {
			if from.starts.Load() > 0 {
				cancel() // after the first bytes
			}
			return nil
		}
		if _, err := s.Download(ctx, from.offer("1", data), meter{}); err == nil {
			t.Fatal("Download of half an image: got no error, want one")
		}
		checkFiles(t, s, "download.json", "download.part", "lock")
		from.set(second, false)
		s.Room = nil
		_, err := s.Download(t.Context(), from.offer("1", data), meter{})
		switch {
		case name == "swapped" && !errors.Is(err, cache.ErrChecksum):
			t.Error(err)
		case name == "the same" && err != nil:
			t.Error(err)
		case name == "the same":
			checkImage(t, s, "debian:trixie", data)
		}
		cancel()
	}
}

// Other processes can list and cancel operations on an image; the downloaded part is
// preserved.
func TestDownloadIsCanceledByRequest(t *testing.T) {
	s, data := newStore(t), disk("one")
	half, over := make(chan struct{}), make(chan struct{})
	from := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"`+sha(data)+`"`)
		if r.Header.Get("Range") != "" {
			if _, err := os.Stat(s.Home.Image("debian@trixie").Cancel()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("cancel request of an earlier operation: got error %v, want error %v", err, fs.ErrNotExist)
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
	if list, err := s.Operations(); err != nil || len(list) > 0 {
		t.Errorf("before the download: got %+v, %v; want none", list, err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Download(t.Context(), offer, meter{})
		ended <- err
	}()
	<-half
	list, err := s.Operations()
	for err == nil && len(list) == 1 && list[0].Received < int64(len(data)/2) {
		list, err = s.Operations()
	}
	if err != nil || len(list) != 1 || list[0].Name != "debian:trixie" || list[0].Total != int64(len(data)) || list[0].PID != os.Getpid() || list[0].Activity != (durable.Activity{Code: cache.ActivityGet, Name: "debian:trixie"}) {
		t.Fatalf("got %+v, %v; want 1 entry", list, err)
	}
	dir, err := s.Dir("debian:trixie")
	if err == nil {
		err = durable.WriteRequest(dir.Cancel(), os.Getpid())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("canceled download: got error %v, want error %v", err, context.Canceled)
	}
	checkFiles(t, s, "download.json", "download.part", "lock")
	if list, err := s.Operations(); err != nil || len(list) > 0 {
		t.Errorf("after the download: got %+v, %v; want none", list, err)
	}
	// A request after the end does not affect the next download.
	if err := durable.WriteRequest(dir.Cancel(), os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Download(t.Context(), offer, meter{}); err != nil {
		t.Error(err)
	}
	checkImage(t, s, "debian:trixie", data)
}
