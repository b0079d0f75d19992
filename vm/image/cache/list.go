package cache

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"

	"vmterminal/app/ondisk"
)

// List returns what is kept, by name. One that is broken is in the list.
func (s *Store) List() ([]Image, error) {
	dirs, err := s.folders()
	if err != nil {
		return nil, err
	}
	var list []Image
	for _, dir := range dirs {
		m, err := read(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			m = Image{Name: named(dir), Broken: err}
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Image) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// folders are those of images, and of downloads.
func (s *Store) folders() (dirs []ondisk.ImageDir, err error) {
	entries, err := os.ReadDir(s.Home.Images())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		dirs = append(dirs, s.Home.Image(e.Name()))
	}
	return dirs, err
}

// Get returns one image; ErrNotFound if it is not kept here.
func (s *Store) Get(name string) (Image, error) {
	if err := CheckName(name); err != nil {
		return Image{}, err
	}
	m, err := read(s.dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Image{}, notFound(name)
	}
	if err != nil {
		return Image{Name: name, Broken: err}, nil //nolint:nilerr // it is told in the image
	}
	return m, nil
}

// errTorn is an image.json that is not ours.
var errTorn = fmt.Errorf("%w: image.json cannot be read", ErrBroken)

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// read reads what an image is, and looks whether its file is there; fs.ErrNotExist
// when there is none.
func read(dir ondisk.ImageDir) (Image, error) {
	text, err := os.ReadFile(dir.Row())
	if err != nil {
		return Image{}, err
	}
	var m Image
	if err := json.Unmarshal(text, &m); err != nil || CheckName(m.Name) != nil || !digestForm.MatchString(m.Digest) {
		return Image{}, errTorn
	}
	m.Disk = diskOf(dir, m.Digest)
	info, err := os.Stat(dir.File(m.Digest))
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		m.Broken = err
	case err != nil:
		m.Broken = fmt.Errorf("%w: its file is missing: %v", ErrBroken, err) //nolint:errorlint // that an image is broken is not that there is none
	case info.Size() != m.Size:
		m.Broken = fmt.Errorf("%w: its file has %d bytes, not %d", ErrBroken, info.Size(), m.Size)
	}
	return m, nil
}
