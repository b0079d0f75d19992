package supervisor

import (
	"fmt"
	"io"
	"sync"
	"time"

	"vmterminal/vm/console"
	"vmterminal/vm/home"
)

// supervisorLog writes host.log, the file with this process's messages and QEMU's
// output. It is safe for concurrent use.
type supervisorLog struct {
	mu  sync.Mutex
	log *console.Log
}

func openSupervisorLog(dir home.VMDir) (*supervisorLog, error) {
	log, err := console.OpenLog(dir.SupervisorLog(), dir.SupervisorLogOld())
	return &supervisorLog{log: log}, err
}

func (h *supervisorLog) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

func (h *supervisorLog) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Close()
}

// writeNote writes a line with the current time. Errors are ignored: a full disk must not
// stop the VM.
func (l *limitedLog) writeNote(text string) { _, _ = io.WriteString(l, logLine(time.Now(), text)) }

func logLine(now time.Time, text string) string {
	return fmt.Sprintf("%s VMTerminal: %s\n", now.UTC().Format(time.RFC3339), text)
}
