package snapshot

// Progress receives the progress of an operation. Its methods are called from many goroutines
// and must not block.
type Progress interface {
	// Phase starts a phase. total is its number of bytes, or 0 if it is unknown. The code
	// is one of the constants below.
	Phase(code string, total int64)
	// Add reports that n more bytes of the phase are done.
	Add(n int64)
}

// The codes of the phases.
const (
	PhaseScan     = "scan-disk"  // find the data between the holes of a disk
	PhaseIndex    = "index-base" // index the snapshot whose chunks are reused
	PhaseCompress = "compress"
	PhaseRestore  = "restore"
	PhaseVerify   = "verify"
	PhaseExport   = "export"
	PhaseImport   = "import"
	PhaseCopy     = "copy-disk"
	PhaseFlush    = "flush" // wait until the file is durable
)

type noProgress struct{}

func (noProgress) Phase(string, int64) {}
func (noProgress) Add(int64)           {}

func orNoProgress(p Progress) Progress {
	if p == nil {
		return noProgress{}
	}
	return p
}
