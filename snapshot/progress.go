package snapshot

// Progress is told how far an operation is. Its methods are called from many
// goroutines and must not block.
type Progress interface {
	// Phase begins a phase of total bytes; 0 when that is not known.
	Phase(name string, total int64)
	// Add says that n more bytes of the phase are done.
	Add(n int64)
}

// The phases.
const (
	PhaseLook     = "Looking for data"
	PhaseIndex    = "Indexing the snapshot before"
	PhaseCompress = "Compressing"
	PhaseRestore  = "Restoring"
	PhaseVerify   = "Verifying"
	PhaseExport   = "Exporting"
	PhaseImport   = "Importing"
	PhaseCopy     = "Copying"
	PhaseFlush    = "Making it durable"
)

type silent struct{}

func (silent) Phase(string, int64) {}
func (silent) Add(int64)           {}

func orSilent(p Progress) Progress {
	if p == nil {
		return silent{}
	}
	return p
}
