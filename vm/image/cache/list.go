package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// List returns all images, sorted by name, including broken ones.
func (s *Store) List() ([]Image, error) {
	dirs, err := s.listFolders()
	if err != nil {
		return nil, err
	}
	var list []Image
	for _, dir := range dirs {
		m, err := readRow(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			m = Image{Name: imageName(dir), Broken: err}
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Image) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// listFolders returns the folders of images and downloads.
func (s *Store) listFolders() (dirs []home.ImageDir, err error) {
	entries, err := os.ReadDir(s.Home.Images())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		dirs = append(dirs, s.Home.Image(e.Name()))
	}
	return dirs, err
}

// Get returns one image, or ErrNotFound.
func (s *Store) Get(name string) (Image, error) {
	if err := CheckName(name); err != nil {
		return Image{}, err
	}
	m, err := readRow(s.dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Image{}, fmt.Errorf("%w: '%s'", ErrNotFound, name)
	}
	if err != nil {
		return Image{Name: name, Broken: err}, nil //nolint:nilerr // returned in the image
	}
	return m, nil
}

var digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// readRow reads an image's row and checks that its file exists. It returns fs.ErrNotExist if
// there is no image.
func readRow(dir home.ImageDir) (Image, error) {
	text, err := os.ReadFile(dir.Row())
	if err != nil {
		return Image{}, err
	}
	var m Image
	if err := durable.ParseJSON(dir.Row(), text, &m); err != nil {
		return Image{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if CheckName(m.Name) != nil || !digestPattern.MatchString(m.Digest) {
		return Image{}, fmt.Errorf("%w: %s does not name an image and its digest", ErrBroken, dir.Row())
	}
	m.Disk, m.Base = findDisk(dir, m.Digest), findBase(dir, m.Digest)
	info, err := os.Stat(dir.File(m.Digest))
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		m.Broken = err
	case err != nil:
		m.Broken = fmt.Errorf("%w: its file is missing: %v", ErrBroken, err) //nolint:errorlint // must not match fs.ErrNotExist
	case info.Size() != m.Size:
		m.Broken = fmt.Errorf("%w: its file has %d bytes, not %d", ErrBroken, info.Size(), m.Size)
	}
	return m, nil
}
