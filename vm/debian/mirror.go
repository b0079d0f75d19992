package debian

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// mirrors holds the URLs from which the packages of a release are downloaded.
type mirrors struct{ archive, security string }

// publicMirrors are Debian's official mirrors.
var publicMirrors = mirrors{"http://deb.debian.org/debian", "http://deb.debian.org/debian-security"}

// otherSuites lists other suites whose mirrors also have the releases that can be built.
var otherSuites = []string{"bullseye", "forky", "sid", "stable", "testing", "unstable", "oldstable"}

// hostMirrors returns the mirrors that the system below root uses: for the given release if
// there are any, otherwise for another release of Debian, otherwise the public mirrors.
func hostMirrors(root, release string) mirrors {
	m := publicMirrors
	known := slices.Clone(otherSuites)
	for _, r := range releases {
		known = append(known, r.name)
	}
	archiveFits, securityFits := 0, 0
	for _, s := range aptSources(root) {
		if !isHTTP(s.uri) || !slices.Contains(s.components, "main") {
			continue
		}
		suite, security := strings.CutSuffix(s.suite, "-security")
		fits := 0
		switch {
		case suite == release:
			fits = 2
		case slices.Contains(known, suite):
			fits = 1
		}
		if !security && fits > archiveFits {
			m.archive, archiveFits = strings.TrimRight(s.uri, "/"), fits
		}
		if security && fits > securityFits {
			m.security, securityFits = strings.TrimRight(s.uri, "/"), fits
		}
	}
	return m
}

func isHTTP(uri string) bool {
	return strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://")
}

// forGuest returns the mirrors for the guest's sources.list. A mirror on the host itself, or
// one that needs a password, is replaced by the public one.
func (m mirrors) forGuest() mirrors {
	if !isUsableInGuest(m.archive) {
		m.archive = publicMirrors.archive
	}
	if !isUsableInGuest(m.security) {
		m.security = publicMirrors.security
	}
	return m
}

func isUsableInGuest(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.User != nil || u.Hostname() == "localhost" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err != nil || !addr.IsLoopback()
}

// sourceLines returns the mirrors as lines of sources.list(5).
func (m mirrors) sourceLines(release string) []string {
	return []string{
		fmt.Sprintf("deb %s %s main", m.archive, release),
		fmt.Sprintf("deb %s %s-updates main", m.archive, release),
		fmt.Sprintf("deb %s %s-security main", m.security, release),
	}
}
