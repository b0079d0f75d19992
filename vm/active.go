package vm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"vmterminal/app/ondisk"
)

// Use makes a VM the active one: the one meant when none is named.
func (s *Store) Use(name string) error {
	e, err := s.Get(name)
	if err != nil {
		return err
	}
	lock, err := s.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	return s.setActive(e.Name)
}

// setActive writes which VM is the active one. The home's lock is held. Of
// several names the first that is listed counts: a VM that gets another name has
// both meanwhile.
func (s *Store) setActive(names ...string) error {
	return ondisk.Replace(s.home.Active(), func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(names, "\n")+"\n")
		return err
	})
}

// Active returns the active VM. Where none was chosen, or the chosen one is
// gone, it is the only VM there is; otherwise ErrNoActive.
func (s *Store) Active() (Entry, error) {
	list, _, err := s.List()
	if err != nil {
		return Entry{}, err
	}
	names, err := s.activeNames()
	if err != nil {
		return Entry{}, err
	}
	for _, name := range names {
		for _, e := range list {
			if ondisk.SameName(e.Name, name) {
				return e, nil
			}
		}
	}
	switch len(list) {
	case 0:
		return Entry{}, fmt.Errorf("%w: there is no VM yet", ErrNoActive)
	case 1:
		return list[0], nil
	default:
		return Entry{}, ErrNoActive
	}
}

// forgetActive ends that a VM, which is deleted, is the active one.
func (s *Store) forgetActive(name string) {
	lock, err := s.lock()
	if err != nil {
		return // a name that leads to no VM is none
	}
	defer lock.Close()
	if names, err := s.activeNames(); err == nil && isAmong(name, names) {
		os.Remove(s.home.Active())
	}
}

// activeNames are those that setActive wrote, none if nobody chose.
func (s *Store) activeNames() ([]string, error) {
	data, err := os.ReadFile(s.home.Active())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(data)), err
}

func isAmong(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return ondisk.SameName(n, name) })
}
