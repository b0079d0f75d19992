//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"vmterminal/vm/agent/wire"
)

// terminal is the terminal of a command.
type terminal struct {
	master *os.File
	leader int // pid and process group of the command
}

// foregroundProgram returns the name of the program in the foreground of a stream's
// terminal, or "" if that is the command itself, such as a shell at its prompt.
func (s *server) foregroundProgram(stream uint32) (string, error) {
	s.mu.Lock()
	c := s.calls[stream]
	s.mu.Unlock()
	var t *terminal
	if c != nil {
		t = c.terminal.Load()
	}
	if t == nil {
		return "", &wire.Error{Code: wire.CodeNotFound, Text: fmt.Sprintf("stream %d has no terminal", stream)}
	}
	group, err := foregroundGroup(t.master)
	if err != nil || group == t.leader {
		return "", err
	}
	return groupProgram("/proc", group), nil
}

// unknownProgram is reported for a program that exited before its name was read.
const unknownProgram = "?"

// maxPrograms is the maximum number of programs in the answer to OpPrograms.
const maxPrograms = 64

// idlePrograms are the foreground programs of an idle terminal: shells and login
// programs.
var idlePrograms = map[string]bool{
	"sh": true, "ash": true, "bash": true, "rbash": true, "dash": true, "zsh": true, "fish": true,
	"ksh": true, "mksh": true, "csh": true, "tcsh": true, "nu": true, "elvish": true, "pwsh": true,
	"getty": true, "agetty": true, "login": true, "sulogin": true,
}

// foregroundPrograms returns the names of the foreground programs of all terminals:
// console, shells and SSH. A shell script counts as the program that it runs.
func foregroundPrograms(proc string) []string {
	byGroup := map[int]string{}
	all, _ := filepath.Glob(filepath.Join(proc, "[1-9]*/stat"))
	for _, path := range all {
		p, ok := parseStat(path)
		if !ok || p.terminal == 0 || p.group != p.foreground || idlePrograms[p.name] {
			continue
		}
		if _, known := byGroup[p.group]; !known || p.id == p.group {
			byGroup[p.group] = p.name
		}
	}
	groups := slices.Sorted(maps.Keys(byGroup))
	names := make([]string, 0, len(groups))
	for _, group := range groups[:min(len(groups), maxPrograms)] {
		names = append(names, byGroup[group])
	}
	return names
}

// groupProgram returns the name of a process group's leader or, if that has exited, of
// another process of the group.
func groupProgram(proc string, group int) string {
	if p, ok := parseStat(filepath.Join(proc, strconv.Itoa(group), "stat")); ok {
		return p.name
	}
	all, _ := filepath.Glob(filepath.Join(proc, "[1-9]*/stat"))
	for _, path := range all {
		if p, ok := parseStat(path); ok && p.group == group {
			return p.name
		}
	}
	return unknownProgram
}

// processStat has some of the fields of proc_pid_stat(5). terminal is 0 for a process without a
// terminal; foreground is the terminal's foreground process group.
type processStat struct {
	name                            string
	id, group, terminal, foreground int
}

// parseStat reads the stat file of a process. The process's name may contain spaces and
// parentheses.
func parseStat(path string) (p processStat, ok bool) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return p, false
	}
	opens, closes := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if opens < 0 || closes < opens {
		return p, false
	}
	p.name = string(stat[opens+1 : closes])
	fields := bytes.Fields(stat[closes+1:])
	if len(fields) < 6 {
		return p, false
	}
	_, err = fmt.Sscan(fmt.Sprintf("%s %s %s %s", stat[:opens], fields[2], fields[4], fields[5]),
		&p.id, &p.group, &p.terminal, &p.foreground)
	return p, err == nil
}
