package cache

import (
	"os"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/image/fetch"
)

// Part is an interrupted download. The next download of the same image continues it.
type Part struct {
	Name string // name of the image, or of a download that is not stored
	// Received is the number of downloaded bytes, Total the size of the download, 0 if unknown.
	Received, Total int64
}

// Parts returns the interrupted downloads that no process is continuing now, sorted by name.
func (s *Store) Parts() ([]Part, error) {
	dirs, err := s.listFolders()
	var list []Part
	for _, dir := range dirs {
		if held, _ := durable.IsLocked(dir.Lock()); held {
			continue
		}
		if p, ok := readPart(dir); ok {
			p.Name = imageName(dir)
			list = append(list, p)
		}
	}
	return list, err
}

// readPart returns the interrupted download in an image's folder.
func readPart(dir home.ImageDir) (p Part, ok bool) {
	st, err := os.Stat(dir.Part())
	if err != nil {
		return Part{}, false
	}
	return Part{Received: st.Size(), Total: fetch.TotalSize(dir.PartState())}, true
}
