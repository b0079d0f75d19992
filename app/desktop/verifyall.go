//go:build !nogui

package desktop

import (
	"vmterminal/app"
)

// verifyAll checks all snapshots of a VM one after the other. It ends with the
// first that is cancelled; one that is damaged keeps nobody from the next.
func (w *window) verifyAll(v app.VM) {
	names := w.snapshotNames()
	go func() {
		for _, name := range names {
			job, err := w.svc.VerifySnapshot(w.ctx, v.Name, name, false)
			if err != nil {
				w.ui(func() { w.fail(err) })
				continue
			}
			w.ui(func() { w.jobs.add(job) })
			select {
			case <-job.Done():
			case <-w.ctx.Done():
				return
			}
			if job.Cancelled() {
				return
			}
		}
	}()
}
