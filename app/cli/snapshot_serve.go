package cli

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func snapshotServeCommand(r *runner) *cobra.Command {
	var socket string
	cmd := &cobra.Command{
		Use:   "serve NAME",
		Short: "Serve a snapshot to other programs, read-only",
		Long: `Serve offers the disk in a snapshot over NBD on a Unix socket until it is interrupted
with Ctrl+C, so that other programs can read it without a restore or a copy. Data is
decompressed and verified when it is read. Only you and root can connect.

The snapshot can be deleted in the meantime; its space becomes free at the end.`,
		Example: `  vmterminal snapshot serve before-upgrade
  vmterminal snapshot serve before-upgrade --socket /tmp/disk.sock

In another terminal, with the address that serve prints:
  qemu-img info 'nbd+unix:///?socket=/tmp/disk.sock'
  nbdcopy 'nbd+unix:///?socket=/tmp/disk.sock' disk.raw`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeSnapshot,
		RunE: func(cmd *cobra.Command, args []string) error {
			return serveSnapshot(cmd.Context(), r, args[0], socket)
		},
	}
	cmd.Flags().StringVar(&socket, "socket", "", "path of the socket (default: a new private one)")
	return cmd
}

func serveSnapshot(ctx context.Context, r *runner, name, socket string) error {
	opening, err := r.svc.OpenSnapshot(ctx, r.vm, name)
	if err != nil {
		return err
	}
	snapshot, err := followJob(ctx, r.printer, opening)
	if err != nil {
		return err
	}
	defer func() { _ = snapshot.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var printed error
	failures := &readFailures{r: r, seen: map[string]bool{}}
	err = snapshot.Serve(ctx, socket, func(path string) {
		if printed = printServed(r, snapshot, path); printed != nil {
			cancel()
		}
	}, failures.add)
	if err == nil {
		err = printed
	}
	if err == nil {
		err = failures.first
	}
	return err
}

func printServed(r *runner, s *app.ServedSnapshot, socket string) error {
	escaped := strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(socket))
	address := "nbd+unix:///?socket=" + escaped
	err := r.writeResult(struct {
		Schema   int    `json:"schema"`
		VM       string `json:"vm"`
		Snapshot string `json:"snapshot"`
		Size     int64  `json:"size"`
		Socket   string `json:"socket"`
		Address  string `json:"address"`
	}{schema, s.VM, s.Name, s.Size, socket, address}, func() {
		r.printf("Serving snapshot '%s' of VM '%s' (%s): %s\n", s.Name, s.VM, units.Bytes(s.Size), address)
	})
	if err == nil {
		r.infof("Press Ctrl+C to stop")
	}
	return err
}

// readFailures reports each error once that clients of a served snapshot encounter.
type readFailures struct {
	r     *runner
	first error

	mu   sync.Mutex
	seen map[string]bool
}

// add may be called from several goroutines. first may be read when none calls it any more.
func (f *readFailures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[err.Error()] {
		return
	}
	f.seen[err.Error()] = true
	if f.first == nil {
		f.first = err
	}
	f.r.infof("A client could not read a part of the disk: %v", err)
}
