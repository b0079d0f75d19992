//go:build linux

package main

import (
	"bufio"
	"os"
	"slices"
	"strings"
)

// mountsFile lists the mounts in order.
const mountsFile = "/proc/self/mountinfo"

// listDiskMounts returns one mount point for each writable file system on a disk, in the
// order of mounting.
func listDiskMounts() ([]string, error) {
	f, err := os.Open(mountsFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var dirs []string
	seen := map[string]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m, ok := parseMount(lines.Text())
		if ok && !seen[m.device] {
			seen[m.device] = true
			dirs = append(dirs, m.dir)
		}
	}
	return dirs, lines.Err()
}

type mount struct{ device, dir string }

// parseMount parses a line of mountinfo; see proc_pid_mountinfo(5). ok is false if the
// mount is not a writable file system on a disk.
func parseMount(line string) (m mount, ok bool) {
	before, after, found := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if !found || len(left) < 6 || len(right) < 3 {
		return mount{}, false
	}
	if !slices.Contains([]string{"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs"}, right[0]) {
		return mount{}, false
	}
	if slices.Contains(strings.Split(right[2], ","), "ro") {
		return mount{}, false
	}
	return mount{device: left[2], dir: unescapeMount(left[4])}, true
}

// unescapeMount decodes the octal escapes in mountinfo.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
