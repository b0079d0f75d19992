package window

import (
	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
)

// verifyAll verifies all snapshots of a VM, one after another. It continues after a damaged
// snapshot, but stops when a verification is canceled.
func (tl *timeline) verifyAll(v app.VM) {
	names := tl.snapshotNames()
	go func() {
		err := tl.w.svc.VerifySnapshots(tl.w.ctx, v.Name, names, false, func(_ string, verifying *job.Job[app.Verified], err error) bool {
			if err != nil {
				tl.w.ui(func() { tl.w.modal.showError(err) })
				return true
			}
			tl.w.ui(func() { addJob(tl.w.jobs, verifying, words.VerifyDone) })
			select {
			case <-verifying.Done():
			case <-tl.w.ctx.Done():
			}
			return !verifying.IsCanceled()
		})
		if err != nil && tl.w.ctx.Err() == nil {
			tl.w.ui(func() { tl.w.modal.showError(err) })
		}
	}()
}
