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
		err := tl.svc.VerifySnapshots(tl.ctx, v.Name, names, app.VerifyOptions{}, func(_ string, verifying *job.Job[app.Verified], err error) bool {
			if err != nil {
				tl.ui(func() { tl.modal.showError(err) })
				return true
			}
			tl.ui(func() { addJob(tl.jobs, verifying, words.VerifyDone) })
			select {
			case <-verifying.Done():
			case <-tl.ctx.Done():
			}
			return !verifying.IsCanceled()
		})
		if err != nil && tl.ctx.Err() == nil {
			tl.ui(func() { tl.modal.showError(err) })
		}
	}()
}
