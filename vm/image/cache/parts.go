package cache

import (
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image/fetch"
)

// Part is what has come of a download that was cut off; the next one of the same goes
// on from there.
type Part struct {
	Name string // of an image, or of the download of one that is not kept
	// Come is how many bytes there are, of Total; 0 if it is not known of how many.
	Come, Total int64
}

// Parts returns what there is of downloads at which nobody works now, by name.
func (s *Store) Parts() ([]Part, error) {
	dirs, err := s.folders()
	var list []Part
	for _, dir := range dirs {
		if held, _ := ondisk.Held(dir.Lock()); held {
			continue
		}
		if p, ok := partIn(dir); ok {
			p.Name = named(dir)
			list = append(list, p)
		}
	}
	return list, err
}

// partIn is what there is of a download in an image's folder.
func partIn(dir ondisk.ImageDir) (p Part, ok bool) {
	st, err := os.Stat(dir.Part())
	if err != nil {
		return Part{}, false
	}
	return Part{Come: st.Size(), Total: fetch.WholeSize(dir.PartState())}, true
}
