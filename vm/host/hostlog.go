package host

import (
	"fmt"
	"sync"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/console"
)

// hostLog is what this process and QEMU have to say, each from goroutines of
// its own.
type hostLog struct {
	mu  sync.Mutex
	log *console.Log
}

func openHostLog(dir ondisk.VMDir) (*hostLog, error) {
	log, err := console.OpenLog(dir.HostLog(), dir.HostLogOld())
	return &hostLog{log: log}, err
}

func (h *hostLog) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

func (h *hostLog) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Close()
}

// note adds a line of this process's own, with the time.
func (m *machine) note(text string) {
	// A full disk must not end the VM.
	_, _ = fmt.Fprintf(m.hostLog, "%s VMTerminal: %s\n", time.Now().UTC().Format(time.RFC3339), text)
}
