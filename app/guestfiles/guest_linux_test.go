//go:build linux

package guestfiles

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/app/job"
	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable/mounttest"
	"vmterminal/vm/agent"
)

// eachGuest runs a test with this machine as the guest, once with its own tools and once with
// those of BusyBox.
func eachGuest(t *testing.T, test func(t *testing.T, run Runner)) {
	t.Run("GNU", func(t *testing.T) { test(t, localGuest(os.Getenv("PATH"))) })
	t.Run("BusyBox", func(t *testing.T) {
		busybox, err := exec.LookPath("busybox")
		if err != nil {
			t.Skip("busybox is not installed")
		}
		dir := t.TempDir()
		if out, err := exec.Command(busybox, "--install", "-s", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		test(t, localGuest(dir))
	})
}

// localGuest returns a Runner for this machine, with the programs in path.
func localGuest(path string) Runner {
	return func(ctx context.Context, c agent.Command) (int, error) {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		name := c.Args[0]
		for _, dir := range filepath.SplitList(path) {
			if full := filepath.Join(dir, name); syscall.Access(full, 1) == nil {
				name = full
				break
			}
		}
		cmd := exec.Command(name, c.Args[1:]...)
		cmd.Env = []string{"PATH=" + path}
		output := &output{to: c.Stdout}
		if c.Stdout != nil {
			cmd.Stdout = output
		}
		cmd.Stderr = c.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		input, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return 0, err
		}
		end := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
		defer context.AfterFunc(ctx, end)()
		failed := make(chan error, 1)
		if c.Stdin == nil {
			input.Close()
		} else {
			go func() {
				buf := make([]byte, 32<<10)
				for {
					n, err := c.Stdin.Read(buf)
					_, _ = input.Write(buf[:n])
					if errors.Is(err, io.EOF) {
						input.Close()
						return
					}
					if err != nil {
						failed <- err
						end()
						return
					}
				}
			}()
		}
		err = cmd.Wait()
		select {
		case err := <-failed:
			return 0, err
		default:
		}
		if output.err != nil {
			return 0, output.err
		}
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return 0, err
		}
		return cmd.ProcessState.ExitCode(), ctx.Err()
	}
}

// output is a writer that records its last error.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	o.err = err
	return n, err
}

// tree creates files that contain their names, and returns their folder.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents returns the paths in a folder, with the contents of files.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name := strings.TrimPrefix(path, dir+"/")
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			all = append(all, name+"="+string(text))
			return err
		}
		all = append(all, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var longName = strings.Repeat("é", 127) + "x" // 255 bytes

func TestCopyInMerges(t *testing.T) {
	eachGuest(t, func(t *testing.T, run Runner) {
		from := tree(t, "site/a", "site/sub/b", "site/new/c", "site/.hidden", "site/"+longName, "site/l\xe4tin")
		before := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
		if err := errors.Join(
			os.Chmod(filepath.Join(from, "site/a"), 0o4755|os.ModeSetuid|os.ModeSetgid),
			os.Chtimes(filepath.Join(from, "site/a"), before, before),
			os.Chtimes(filepath.Join(from, "site/new"), before, before),
			os.Symlink("a", filepath.Join(from, "site/link")),
		); err != nil {
			t.Fatal(err)
		}
		guest := tree(t, "site/a", "site/sub/kept", "elsewhere/x")
		write(t, filepath.Join(guest, "site/a"), "old")
		got, err := CopyIn(t.Context(), run, []string{filepath.Join(from, "site")}, guest, InOptions{Recursive: true}, job.NewDiscardMeter())
		if err != nil || got.Files != 6 {
			t.Fatal(got, err)
		}
		want := "elsewhere elsewhere/x=elsewhere/x site site/.hidden=site/.hidden site/a=site/a site/link site/l\xe4tin=site/l\xe4tin " +
			"site/new site/new/c=site/new/c site/sub site/sub/b=site/sub/b site/sub/kept=site/sub/kept site/" + longName + "=site/" + longName
		if got := contents(t, guest); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for _, name := range []string{"site/a", "site/new"} {
			info, err := os.Stat(filepath.Join(guest, name))
			if err != nil || !info.ModTime().Equal(before) || info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0 {
				t.Errorf("%s: got time %v, mode %v, error %v, want the original time and no set-ID bits", name, info.ModTime(), info.Mode(), err)
			}
		}
		if _, err := CopyIn(t.Context(), run, []string{filepath.Join(from, "site/a")}, guest+"/renamed", InOptions{KeepSetID: true}, job.NewDiscardMeter()); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(guest + "/renamed"); err != nil || info.Mode()&os.ModeSetuid == 0 {
			t.Error(info.Mode(), err)
		}
	})
}

// A copy that fails changes nothing and leaves nothing behind.
func TestCopyInFailureChangesNothing(t *testing.T) {
	random := strings.Repeat("0123456789abcdef", 40<<10)
	tests := map[string]struct {
		from []string
		// broken returns a Runner that fails as described.
		broken func(ctx context.Context, cancel func(), run Runner) Runner
		want   error
	}{
		"contents made as they are read": {from: []string{"tree", "/proc/self/status"}, want: ErrCopy},
		"a file in place of a folder":    {from: []string{"tree", "folder"}, want: ErrCopy},
		"the guest's disk is full": {from: []string{"tree"}, want: ErrCopy, broken: func(_ context.Context, _ func(), run Runner) Runner {
			return func(ctx context.Context, c agent.Command) (int, error) {
				if c.Args[2] == unpackScript {
					c.Args[2] = "ulimit -f 400; " + c.Args[2]
				}
				return run(ctx, c)
			}
		}},
		"canceled": {from: []string{"tree"}, want: context.Canceled, broken: func(_ context.Context, cancel func(), run Runner) Runner {
			return func(ctx context.Context, c agent.Command) (int, error) {
				if c.Args[2] == unpackScript {
					c.Stdin = &cancelingReader{c.Stdin, 200 << 10, cancel}
				}
				return run(ctx, c)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			eachGuest(t, func(t *testing.T, run Runner) {
				from := tree(t, "tree/a", "tree/z", "folder")
				write(t, filepath.Join(from, "tree/z"), random)
				guest := tree(t, "tree/a", "folder/x")
				write(t, filepath.Join(guest, "tree/a"), "old")
				before := contents(t, guest)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.broken != nil {
					run = test.broken(ctx, cancel, run)
				}
				var files []string
				for _, f := range test.from {
					if !filepath.IsAbs(f) {
						f = filepath.Join(from, f)
					}
					files = append(files, f)
				}
				_, err := CopyIn(ctx, run, files, guest, InOptions{Recursive: true}, job.NewDiscardMeter())
				if !errors.Is(err, test.want) {
					t.Errorf("got unexpected error %v", err)
				}
				if got := contents(t, guest); got != before {
					t.Errorf("got files %.300s, want the previous ones", got)
				}
			})
		})
	}
}

// A file that changes while it is read is copied with its original length or not at all, and an
// unreadable file is not mistaken for an empty one.
func TestCopyInChangingFiles(t *testing.T) {
	before := strings.Repeat("0123456789abcdef", 40<<10)
	for name, c := range map[string]struct {
		change func(dir string) error // while b is read
		from   string                 // "" for the test's folder
		want   error
	}{
		"grows":          {change: func(dir string) error { return os.Truncate(dir+"/b", 2<<20) }},
		"shrinks":        {change: func(dir string) error { return os.Truncate(dir+"/b", 100_000) }, want: ErrCopy},
		"vanishes":       {change: func(dir string) error { return os.Remove(dir + "/c") }, want: os.ErrNotExist},
		"cannot be read": {from: "/proc/self/mem", want: syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			from, guest := tree(t, "a", "c"), tree(t, "kept")
			write(t, filepath.Join(from, "b"), before)
			paths := []string{from}
			if c.from != "" {
				paths = []string{from, c.from}
			}
			m := &changingMeter{Meter: job.NewDiscardMeter(), change: func() {
				if c.change == nil {
					return
				}
				if err := c.change(from); err != nil {
					t.Error(err)
				}
			}}
			_, err := CopyIn(t.Context(), localGuest(os.Getenv("PATH")), paths, guest, InOptions{Recursive: true}, m)
			if !errors.Is(err, c.want) {
				t.Errorf("got error %v, want %v", err, c.want)
			}
			if err == nil {
				got, err := os.ReadFile(filepath.Join(guest, filepath.Base(from), "b"))
				if err != nil || string(got) != before {
					t.Errorf("got %d bytes, error %v, want the first %d", len(got), err, len(before))
				}
			} else if got := contents(t, guest); got != "kept=kept" {
				t.Errorf("got files in the guest %.100s, want none", got)
			}
		})
	}
}

// changingMeter calls change after the first part of a large file was read.
type changingMeter struct {
	job.Meter
	once   sync.Once
	change func()
}

func (m *changingMeter) Add(n int64) {
	if n > 1000 {
		m.once.Do(m.change)
	}
}

// cancelingReader calls cancel after some bytes were read.
type cancelingReader struct {
	io.Reader
	left   int
	cancel func()
}

func (r *cancelingReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		r.cancel()
	}
	n, err := r.Reader.Read(p)
	r.left -= n
	return n, err
}

func TestCopyKeepsFilesSparse(t *testing.T) {
	eachGuest(t, func(t *testing.T, run Runner) {
		from, guest, back := t.TempDir(), t.TempDir(), t.TempDir()
		path := filepath.Join(from, "disk")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		size := int64(40<<20 + 1234)
		for _, off := range []int64{1 << 20, 1<<20 + 200<<10, 9<<20 + 77, size - 5} {
			if _, err := f.WriteAt([]byte("data!"), off); err != nil {
				t.Fatal(err)
			}
		}
		f.Close()
		if _, err := CopyIn(t.Context(), run, []string{path}, guest, InOptions{}, job.NewDiscardMeter()); err != nil {
			t.Fatal(err)
		}
		if _, err := CopyOut(t.Context(), run, guest+"/disk", back+"/disk", false, job.NewDiscardMeter()); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		original, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, copied := range []string{guest + "/disk", back + "/disk"} {
			got, err := os.ReadFile(copied)
			if err != nil || string(got) != string(want) {
				t.Errorf("%s: got %d bytes, error %v, want the original %d bytes", copied, len(got), err, len(want))
			}
			info, err := os.Stat(copied)
			if err != nil || diskfile.Allocated(info) > 2<<20 {
				t.Errorf("%s: got %d allocated bytes, error %v, want holes", copied, diskfile.Allocated(info), err)
			}
			if !info.ModTime().Equal(original.ModTime().Truncate(time.Second)) {
				t.Errorf("%s: got modification time %v, want the original one", copied, info.ModTime())
			}
		}
	})
}

func TestCopyOut(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	eachGuest(t, func(t *testing.T, run Runner) {
		guest := tree(t, "site/a", "site/sub/b", "site/"+longName)
		before := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
		for name, mode := range map[string]os.FileMode{"site/a": 0o777, "site/sub": 0o777, "site/" + longName: 0o666} {
			path := filepath.Join(guest, name)
			if err := errors.Join(os.Chmod(path, mode), os.Chtimes(path, before, before)); err != nil {
				t.Fatal(err)
			}
		}
		here := t.TempDir()
		got, err := CopyOut(t.Context(), run, guest+"/site", here+"/site", true, job.NewDiscardMeter())
		if err != nil || got.Files != 3 {
			t.Fatal(got, err)
		}
		if _, err := CopyOut(t.Context(), run, guest+"/site/"+longName, here+"/"+longName, false, job.NewDiscardMeter()); err != nil {
			t.Fatal(err)
		}
		for name, mode := range map[string]os.FileMode{"site/a": 0o750, "site/sub": os.ModeDir | 0o750, "site/" + longName: 0o640, longName: 0o640} {
			info, err := os.Stat(filepath.Join(here, name))
			if err != nil {
				t.Error(err)
			} else if info.Mode() != mode || !info.ModTime().Equal(before) {
				t.Errorf("%.20s: got mode %v, time %v, want the umask applied and the original time", name, info.Mode(), info.ModTime())
			}
		}
		if _, err := CopyOut(t.Context(), run, guest+"/site", here+"/site", true, job.NewDiscardMeter()); !errors.Is(err, os.ErrExist) {
			t.Errorf("existing folder: got %v, want %v", err, os.ErrExist)
		}
		if _, err := CopyOut(t.Context(), run, guest+"/site", here+"/other", false, job.NewDiscardMeter()); !errors.Is(err, ErrIsFolder) {
			t.Errorf("folder without recursive: got %v, want %v", err, ErrIsFolder)
		}
	})
}

// A copy fails if the guest's tar fails, even if the archive is complete.
func TestCopyOutGuestFailure(t *testing.T) {
	here := t.TempDir()
	run := Runner(func(_ context.Context, c agent.Command) (int, error) {
		_, err := io.Copy(c.Stdout, archiveOf(t, entry('0', "f", "")))
		return 2, err
	})
	if _, err := CopyOut(t.Context(), run, "/f", here+"/f", false, job.NewDiscardMeter()); !errors.Is(err, ErrCopy) {
		t.Errorf("got error %v, want ErrCopy", err)
	}
	if left := contents(t, here); left != "" {
		t.Errorf("got remaining files %s, want none", left)
	}
}

func TestQueryLimitsOutput(t *testing.T) {
	run := Runner(func(_ context.Context, c agent.Command) (int, error) {
		_, err := io.Copy(c.Stdout, zeros{})
		return 0, err
	})
	if _, err := run.Query(t.Context(), 1000, "true"); !errors.Is(err, agent.ErrBadAnswer) {
		t.Errorf("got error %v, want ErrBadAnswer", err)
	}
}

// A slow copy is not canceled, but a stalled one is.
func TestStalledCopyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := Runner(func(ctx context.Context, c agent.Command) (int, error) {
			for range 5 {
				time.Sleep(stallTimeout - time.Second)
				if _, err := c.Stdout.Write([]byte("x")); err != nil || ctx.Err() != nil {
					t.Errorf("while data was received: got write error %v, context error %v, want none", err, ctx.Err())
				}
			}
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if err := run.runScript(t.Context(), "true", nil, nil, io.Discard); !errors.Is(err, ErrStalled) {
			t.Errorf("got error %v, want ErrStalled", err)
		}
		silent := Runner(func(ctx context.Context, _ agent.Command) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if _, err := silent.Query(t.Context(), 1000, "true"); !errors.Is(err, agent.ErrNoAnswer) {
			t.Errorf("query: got %v, want %v", err, agent.ErrNoAnswer)
		}
	})
}

// A guest cannot fill the host's file system.
func TestCopyOutKeepsSpaceFree(t *testing.T) {
	here := mounttest.Dir(t, "ext4", 64)
	var head bytes.Buffer
	w := tar.NewWriter(&head)
	if err := w.WriteHeader(&tar.Header{Name: "f", Typeflag: tar.TypeReg, Size: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	before := contents(t, here)
	_, err := unpackTo(io.MultiReader(&head, ones{}), "f", here+"/f", false)
	var full *snapshot.NoSpace
	if !errors.As(err, &full) || full.Free == 0 {
		t.Errorf("got error %v, want a *snapshot.NoSpace with the free space", err)
	}
	if after := contents(t, here); after != before {
		t.Errorf("got files %.100s, want the previous ones", after)
	}
}

type ones struct{}

func (ones) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{1}, len(p))), nil }
