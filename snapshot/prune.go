package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vmterminal/snapshot/durable"
)

// Keep is a retention policy: Prune keeps the newest Last snapshots, the newest of each of
// the last Daily days that have any, and the newest of each of the last Weekly ISO weeks that
// have any. At least one number must be positive, and none negative.
type Keep struct {
	Last, Daily, Weekly int
	// AutomaticOf, if not "", restricts Prune to the automatic snapshots of the VM with that
	// name.
	AutomaticOf string
}

// Pruned lists the snapshots that Prune kept and deleted, newest first. Freed is the number
// of bytes freed.
type Pruned struct {
	Kept, Deleted []Info
	Freed         int64
}

// Prune deletes the snapshots that k does not keep. Days and weeks are in the time zone of
// now. The caller must hold the job lock. If dry is set, nothing is deleted, and Freed is
// the sum of what deleting each snapshot alone would free.
//
// Only good snapshots that were created here are counted and deleted. All others are kept and
// do not count, so that they never displace a good one: pinned ones; damaged ones and those of
// a newer version, which a person should examine; imported and foreign ones, which a person
// put there; those dated after now, as after a wrong clock; and missing ones, which free
// nothing.
//
// After an error (ErrBadKeep, ErrNewer, an error from deleting, the context's), Pruned
// lists the snapshots that had been deleted.
func (s *Store) Prune(ctx context.Context, k Keep, now time.Time, dry bool) (Pruned, error) {
	if k.Last < 0 || k.Daily < 0 || k.Weekly < 0 || max(k.Last, k.Daily, k.Weekly) == 0 {
		return Pruned{}, fmt.Errorf("%w: last %d, daily %d, weekly %d", ErrBadKeep, k.Last, k.Daily, k.Weekly)
	}
	if _, err := readRows(s.paths.Rows); err != nil && !errors.Is(err, errBadRows) {
		return Pruned{}, err
	}
	list, _, err := s.List(ctx)
	if err != nil {
		return Pruned{}, err
	}
	keep := k.selectKept(list, now)
	var selected []Info
	for at, i := range list {
		if !keep[at] {
			selected = append(selected, i)
		}
	}
	deleted := make(map[string]Info, len(selected))
	for batch := range slices.Chunk(selected, deleteBatch) {
		if err = s.prune(ctx, batch, dry, deleted); err != nil {
			break
		}
	}
	var out Pruned
	for _, i := range list {
		if gone, ok := deleted[i.Name]; ok {
			out.Deleted = append(out.Deleted, gone)
			out.Freed += gone.Frees
		} else {
			out.Kept = append(out.Kept, i)
		}
	}
	return out, err
}

// prune deletes snapshots, unless dry is set, and adds them to deleted. It returns the
// first error.
func (s *Store) prune(ctx context.Context, infos []Info, dry bool, deleted map[string]Info) (first error) {
	errs := make([]error, len(infos))
	if !dry {
		errs = s.removeSnapshots(ctx, infos)
	}
	for at, err := range errs {
		if err == nil {
			deleted[infos[at].Name] = infos[at]
		} else if first == nil {
			first = err
		}
	}
	return first
}

// selectKept reports for each snapshot of a list, newest first, whether it is kept.
func (k Keep) selectKept(list []Info, now time.Time) []bool {
	kept := make([]bool, len(list))
	last := k.Last
	days, weeks := periods{remaining: k.Daily}, periods{remaining: k.Weekly}
	for at, i := range list {
		if i.State != StateOK || i.Foreign || i.Pinned || i.Created.After(now) || !k.matches(i) {
			kept[at] = true
			continue
		}
		created := i.Created.In(now.Location())
		year, week := created.ISOWeek()
		ofDay := days.keeps([3]int{created.Year(), int(created.Month()), created.Day()})
		ofWeek := weeks.keeps([3]int{year, week})
		kept[at] = last > 0 || ofDay || ofWeek
		last--
	}
	return kept
}

// matches reports whether the policy applies to a snapshot. It compares the VM too, because
// after the loss of the rows a file copied from another VM looks as if it was created here.
func (k Keep) matches(i Info) bool {
	return k.AutomaticOf == "" || i.Automatic && durable.SameName(i.VM, k.AutomaticOf)
}

// periods counts the days or weeks of snapshots, newest first.
type periods struct {
	remaining int
	seen      bool
	last      [3]int
}

// keeps reports whether the next snapshot is the newest of a period that is kept.
func (p *periods) keeps(period [3]int) bool {
	if p.remaining <= 0 || p.seen && p.last == period {
		return false
	}
	p.remaining--
	p.seen, p.last = true, period
	return true
}
