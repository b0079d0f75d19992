package debian

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// mirrors is where the packages of a release come from.
type mirrors struct{ archive, security string }

// public is where everybody finds them.
var public = mirrors{"http://deb.debian.org/debian", "http://deb.debian.org/debian-security"}

// others are suites whose mirror has the releases that can be built too.
var others = []string{"bullseye", "forky", "sid", "stable", "testing", "unstable", "oldstable"}

// hostMirrors are those that the system below root uses, for that release if it
// has it among its sources, or else for another one of Debian; the public ones
// where it uses none.
func hostMirrors(root, release string) mirrors {
	m := public
	known := slices.Clone(others)
	for _, r := range releases {
		known = append(known, r.name)
	}
	archiveFits, securityFits := 0, 0
	for _, s := range aptSources(root) {
		if !overHTTP(s.uri) || !slices.Contains(s.components, "main") {
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

func overHTTP(uri string) bool {
	return strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://")
}

// forGuest are the mirrors as a guest is told of them: one that is on the host
// itself, or that wants a password, is not for it.
func (m mirrors) forGuest() mirrors {
	if !fitForGuest(m.archive) {
		m.archive = public.archive
	}
	if !fitForGuest(m.security) {
		m.security = public.security
	}
	return m
}

func fitForGuest(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.User != nil || u.Hostname() == "localhost" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err != nil || !addr.IsLoopback()
}

// lines are the mirrors as lines of sources.list(5).
func (m mirrors) lines(release string) []string {
	return []string{
		fmt.Sprintf("deb %s %s main", m.archive, release),
		fmt.Sprintf("deb %s %s-updates main", m.archive, release),
		fmt.Sprintf("deb %s %s-security main", m.security, release),
	}
}
