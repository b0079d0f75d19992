package debian

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// aptSource is an entry of sources.list(5).
type aptSource struct {
	uri, suite string
	components []string
}

// aptSources returns the enabled sources of binary packages of the system below root, in the
// order of its files. Files that cannot be read are skipped.
func aptSources(root string) []aptSource {
	dir := filepath.Join(root, "etc/apt")
	lists, _ := filepath.Glob(filepath.Join(dir, "sources.list.d/*.list")) // the patterns are well-formed
	stanzas, _ := filepath.Glob(filepath.Join(dir, "sources.list.d/*.sources"))
	var all []aptSource
	for _, file := range append([]string{filepath.Join(dir, "sources.list")}, lists...) {
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			if s, ok := parseLine(line); ok {
				all = append(all, s)
			}
		}
	}
	for _, file := range stanzas {
		text, _ := os.ReadFile(file)
		all = append(all, parseStanzas(string(text))...)
	}
	return all
}

// parseLine parses a line such as "deb [arch=amd64] http://host/debian bookworm main".
func parseLine(line string) (aptSource, bool) {
	line, _, _ = strings.Cut(line, "#")
	words := strings.Fields(line)
	if len(words) > 1 && strings.HasPrefix(words[1], "[") {
		end := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, "]") })
		if end < 0 {
			return aptSource{}, false
		}
		words = append(words[:1], words[end+1:]...)
	}
	if len(words) < 4 || words[0] != "deb" {
		return aptSource{}, false
	}
	return aptSource{words[1], words[2], words[3:]}, true
}

// parseStanzas parses a file in the format of deb822(5).
func parseStanzas(text string) []aptSource {
	var all []aptSource
	fields, last := map[string][]string{}, ""
	finish := func() {
		enabled := fields["enabled"]
		isDisabled := len(enabled) == 1 && slices.Contains([]string{"no", "false", "0", "off"}, strings.ToLower(enabled[0]))
		if !isDisabled && slices.Contains(fields["types"], "deb") {
			for _, uri := range fields["uris"] {
				for _, suite := range fields["suites"] {
					all = append(all, aptSource{uri, suite, fields["components"]})
				}
			}
		}
		fields, last = map[string][]string{}, ""
	}
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			finish()
		case line[0] == ' ' || line[0] == '\t':
			fields[last] = append(fields[last], strings.Fields(line)...)
		default:
			name, value, _ := strings.Cut(line, ":")
			last = strings.ToLower(name)
			fields[last] = strings.Fields(value)
		}
	}
	finish()
	return all
}
