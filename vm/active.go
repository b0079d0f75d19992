package vm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"vmterminal/snapshot/durable"
)

// SetActive makes a VM the active VM, which commands use when no VM is named.
func (s *Store) SetActive(name string) error {
	e, err := s.Get(name)
	if err != nil {
		return err
	}
	lock, err := s.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	return s.writeActive(e.Name)
}

// writeActive writes the active VM's name, or both names of a VM that is being renamed: Active
// uses the first one that is in the list. The caller must hold the store's lock.
func (s *Store) writeActive(names ...string) error {
	return durable.Replace(s.home.Active(), func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(names, "\n")+"\n")
		return err
	})
}

// Active returns the active VM. If none is set, or it no longer exists, Active returns
// the only VM, or ErrNoActive if there is not exactly one.
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
			if durable.SameName(e.Name, name) {
				return e, nil
			}
		}
	}
	switch len(list) {
	case 0:
		return Entry{}, fmt.Errorf("%w: there are no VMs yet", ErrNoActive)
	case 1:
		return list[0], nil
	default:
		return Entry{}, ErrNoActive
	}
}

// clearActive removes the file with the active VM's name if the deleted VM was active.
func (s *Store) clearActive(name string) {
	lock, err := s.lock()
	if err != nil {
		return // Active ignores the name of a missing VM
	}
	defer lock.Close()
	if names, err := s.activeNames(); err == nil && containsName(name, names) {
		os.Remove(s.home.Active())
	}
}

// activeNames returns the names that writeActive wrote, if any.
func (s *Store) activeNames() ([]string, error) {
	data, err := os.ReadFile(s.home.Active())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(durable.TrimBOM(data))), err
}

func containsName(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return durable.SameName(n, name) })
}
