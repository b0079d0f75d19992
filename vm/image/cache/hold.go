package cache

import (
	"context"

	"vmterminal/app/ondisk"
)

// held is an image's lock. Its context ends with that which it was taken with, and
// when anyone asks for the end of the work; see ondisk.AskToEnd.
type held struct {
	context.Context
	lock     *ondisk.Lock
	requests string
	end      func()
}

// hold takes an image's lock, and waits for whoever has it.
func (s *Store) hold(ctx context.Context, dir ondisk.ImageDir, doing string) (*held, error) {
	lock, err := ondisk.AwaitLock(ctx, dir.Lock(), doing, func(busy error, first bool) bool {
		if first && s.Say != nil {
			s.Say("Waiting: " + busy.Error())
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if err := ondisk.ForgetAsks(dir.Cancel()); err != nil {
		lock.Close()
		return nil, err
	}
	ctx, end := ondisk.Obeying(ctx, dir.Cancel())
	return &held{ctx, lock, dir.Cancel(), end}, nil
}

// release gives up the lock. What was asked of this work is asked of no other.
func (h *held) release() {
	h.end()
	_ = ondisk.ForgetAsks(h.requests) // the next holder does it, too
	h.lock.Close()
}

// Working is work on an image, in whichever process.
type Working struct {
	Name string // of an image, or of the download of one that is not kept
	ondisk.Holder
	// Come is how many bytes of a download are there, of Total; 0: there is none, or it
	// is not known of how many.
	Come, Total int64
}

// Working returns what works on images now, by name.
func (s *Store) Working() ([]Working, error) {
	dirs, err := s.folders()
	var list []Working
	for _, dir := range dirs {
		isHeld, by := ondisk.Held(dir.Lock())
		if !isHeld {
			continue
		}
		w := Working{Name: named(dir), Holder: by}
		part, _ := partIn(dir)
		w.Come, w.Total = part.Come, part.Total
		list = append(list, w)
	}
	return list, err
}

// Dir is the folder of an image of that name, whether or not it is kept.
func (s *Store) Dir(name string) (ondisk.ImageDir, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	return s.dir(name), nil
}
