//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"vmterminal/vm/agent/wire"
)

// terminal is what a command runs on.
type terminal struct {
	master *os.File
	leader int // the command's process, which leads a group of its own
}

// front is the name of the program that has the keyboard of a stream's terminal;
// "" if that is the command itself, such as a shell that waits for a line.
func (s *server) front(stream uint32) (string, error) {
	s.mu.Lock()
	c := s.calls[stream]
	s.mu.Unlock()
	var t *terminal
	if c != nil {
		t = c.terminal.Load()
	}
	if t == nil {
		return "", &wire.Error{Code: wire.CodeNotFound, Text: fmt.Sprintf("no terminal has the number %d", stream)}
	}
	group, err := foreground(t.master)
	if err != nil || group == t.leader {
		return "", err
	}
	return programOf("/proc", group), nil
}

// unnamed is a program that was gone before its name was read.
const unnamed = "?"

// programOf is the name of a process group's leader or, when that has ended, of
// another of its processes; see proc_pid_stat(5).
func programOf(proc string, group int) string {
	if name, _, ok := parseStat(filepath.Join(proc, strconv.Itoa(group), "stat")); ok {
		return name
	}
	all, _ := filepath.Glob(filepath.Join(proc, "[1-9]*/stat"))
	for _, path := range all {
		if name, of, ok := parseStat(path); ok && of == group {
			return name
		}
	}
	return unnamed
}

// parseStat reads a process's name, which may hold spaces and parentheses, and
// its group.
func parseStat(path string) (name string, group int, ok bool) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return "", 0, false
	}
	opens, closes := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if opens < 0 || closes < opens {
		return "", 0, false
	}
	fields := bytes.Fields(stat[closes+1:]) // state, parent, group, …
	if len(fields) < 3 {
		return "", 0, false
	}
	group, err = strconv.Atoi(string(fields[2]))
	return string(stat[opens+1 : closes]), group, err == nil
}
