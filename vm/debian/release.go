package debian

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrRelease says that there is no such release, or that it is not known here.
var ErrRelease = errors.New("not a release of Debian that can be built")

// releases are what can be built, by code name, the newest first.
var releases = []struct{ name, number string }{{"trixie", "13"}, {"bookworm", "12"}}

// Release returns the code name of a release that is given by that or by its
// number; for "" it is the host's own, or else the newest. It wraps ErrRelease.
func Release(asked string) (string, error) {
	if asked == "" {
		asked = releases[0].name
		if own := hostRelease("/"); own != "" {
			asked = own
		}
	}
	var names []string
	for _, r := range releases {
		if strings.EqualFold(asked, r.name) || asked == r.number {
			return r.name, nil
		}
		names = append(names, r.name)
	}
	return "", fmt.Errorf("%.100q is %w: %s", asked, ErrRelease, strings.Join(names, ", "))
}

// hostRelease is the code name of the Debian that the files below root are; "" if
// they are another system, or a release that cannot be built.
func hostRelease(root string) string {
	f, err := os.Open(filepath.Join(root, "etc/os-release"))
	if err != nil {
		return ""
	}
	defer f.Close()
	is := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		is[key] = strings.Trim(value, `"'`)
	}
	for _, r := range releases {
		if is["ID"] == "debian" && is["VERSION_CODENAME"] == r.name {
			return r.name
		}
	}
	return ""
}
