package snapshot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// Keep says which snapshots Prune keeps: the newest Last ones; the newest of
// each of the last Daily days, and of each of the last Weekly ISO weeks, that
// have any. At least one number is above 0, none below.
type Keep struct {
	Last, Daily, Weekly int
	// AutomaticOf leaves alone all but the automatic snapshots of the VM of that
	// name; "" is for all kinds.
	AutomaticOf string
}

// Pruned is what Prune kept and deleted, newest first, and how many bytes that
// has freed.
type Pruned struct {
	Kept, Deleted []Info
	Freed         int64
}

// Prune deletes the snapshots that k does not keep. Days and weeks are those of
// now's time zone. The caller holds the job lock. If dry, nothing is deleted,
// and Freed is what deleting each one alone would free.
//
// Only good snapshots that were taken here are counted and deleted. These are
// always kept, and do not count, so that they never push out a good one: pinned
// ones; damaged ones and those of a newer version, for a person to look at;
// imported and foreign ones, which someone put there on purpose; those that
// seem to come from after now, as when a clock was wrong; missing ones, which
// free nothing.
//
// With an error (ErrBadKeep, ErrNewer, one of deleting, the context's) Pruned
// says what was deleted before it.
func (s *Store) Prune(ctx context.Context, k Keep, now time.Time, dry bool) (Pruned, error) {
	if k.Last < 0 || k.Daily < 0 || k.Weekly < 0 || max(k.Last, k.Daily, k.Weekly) == 0 {
		return Pruned{}, fmt.Errorf("%w: last %d, daily %d, weekly %d", ErrBadKeep, k.Last, k.Daily, k.Weekly)
	}
	if _, err := readRows(s.dir.Rows()); err != nil && !errors.Is(err, errBadRows) {
		return Pruned{}, err
	}
	list, _, err := s.List(ctx)
	if err != nil {
		return Pruned{}, err
	}
	var out Pruned
	kept := k.choose(list, now)
	for at, i := range list {
		if err == nil && !kept[at] {
			if err = ctx.Err(); err == nil {
				i.Frees = diskfile.Frees(s.file(i.Name)) // the ones before may have shared with it
				err = s.prune(i, dry)
			}
			if err == nil {
				out.Deleted = append(out.Deleted, i)
				out.Freed += i.Frees
				continue
			}
		}
		out.Kept = append(out.Kept, i)
	}
	return out, err
}

func (s *Store) prune(i Info, dry bool) error {
	if dry {
		return nil
	}
	return s.remove(i)
}

// choose tells which of a list, newest first, are kept.
func (k Keep) choose(list []Info, now time.Time) []bool {
	kept := make([]bool, len(list))
	last := k.Last
	days, weeks := periods{left: k.Daily}, periods{left: k.Weekly}
	for at, i := range list {
		if i.State != StateOK || i.Foreign || i.Pinned || i.Created.After(now) || !k.speaksOf(i) {
			kept[at] = true
			continue
		}
		created := i.Created.In(now.Location())
		year, week := created.ISOWeek()
		ofDay := days.take([3]int{created.Year(), int(created.Month()), created.Day()})
		ofWeek := weeks.take([3]int{year, week})
		kept[at] = last > 0 || ofDay || ofWeek
		last--
	}
	return kept
}

// speaksOf tells whether a snapshot is of the kind that is to be counted. A file
// copied from another VM can look like one that was taken here, when rows were
// lost.
func (k Keep) speaksOf(i Info) bool {
	return k.AutomaticOf == "" || i.Automatic && ondisk.SameName(i.VM, k.AutomaticOf)
}

// periods counts days or weeks as they come, newest first.
type periods struct {
	left int
	seen bool
	now  [3]int
}

// take tells whether a snapshot is the newest of a period that is kept.
func (p *periods) take(period [3]int) bool {
	if p.left <= 0 || p.seen && p.now == period {
		return false
	}
	p.left--
	p.seen, p.now = true, period
	return true
}
