package debian

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrRelease means that the release does not exist or is not supported.
var ErrRelease = errors.New("not a release of Debian that can be built")

// releases lists the releases that can be built, the newest first.
var releases = []struct{ name, number string }{{"trixie", "13"}, {"bookworm", "12"}}

// Release returns the code name of a release given by code name or number. For "" it returns
// the host's release, or the newest one if that cannot be built. The error, if any, wraps
// ErrRelease.
func Release(requested string) (string, error) {
	if requested == "" {
		requested = releases[0].name
		if hostName := hostRelease("/"); hostName != "" {
			requested = hostName
		}
	}
	var names []string
	for _, r := range releases {
		if strings.EqualFold(requested, r.name) || requested == r.number {
			return r.name, nil
		}
		names = append(names, r.name)
	}
	return "", fmt.Errorf("%.100q is %w: %s", requested, ErrRelease, strings.Join(names, ", "))
}

// hostRelease returns the code name of the Debian release installed below root, or "" if it
// is another system or a release that cannot be built.
func hostRelease(root string) string {
	f, err := os.Open(filepath.Join(root, "etc/os-release"))
	if err != nil {
		return ""
	}
	defer f.Close()
	field := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		field[key] = strings.Trim(value, `"'`)
	}
	for _, r := range releases {
		if field["ID"] == "debian" && field["VERSION_CODENAME"] == r.name {
			return r.name
		}
	}
	return ""
}
