package catalogue

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

const alpineRoot = "https://dl-cdn.alpinelinux.org/alpine/"

var (
	alpineFile    = regexp.MustCompile(`nocloud_alpine-(\d+\.\d+\.\d+)-x86_64-bios-cloudinit-r(\d+)\.qcow2"`)
	alpineRelease = regexp.MustCompile(`^v?(\d+\.\d+)(\.\d+)?$`)
)

// findAlpine reads the list of files of a branch: the image's revision is told
// nowhere else. Signatures are beside them, by a key that no package of Debian
// has.
func findAlpine(ctx context.Context, c Catalogue, release string) (Offer, error) {
	branch, exact := "latest-stable", ""
	if release != "" {
		m := alpineRelease.FindStringSubmatch(release)
		if m == nil {
			return Offer{}, unknown("alpine", release, nil)
		}
		branch = "v" + m[1]
		if m[2] != "" {
			exact = m[1] + m[2] + "-"
		}
	}
	list, err := c.Client.Small(ctx, alpineRoot+branch+"/releases/cloud/", maxList)
	if err != nil {
		return Offer{}, unknown("alpine", release, err)
	}
	best := ""
	var version string
	for _, m := range alpineFile.FindAllStringSubmatch(string(list), -1) {
		if v := m[1] + "-r" + m[2]; strings.HasPrefix(v, exact) && (best == "" || Older(version, v)) {
			best, version = strings.TrimSuffix(m[0], `"`), v
		}
	}
	if best == "" {
		return Offer{}, unknown("alpine", release, nil)
	}
	release = alpineRelease.FindStringSubmatch(strings.SplitN(version, "-", 2)[0])[1]
	offer := Offer{
		Distro: "alpine", Release: release, Version: version, Verified: ByChecksum,
		Address: fmt.Sprintf("%sv%s/releases/cloud/%s", alpineRoot, release, best),
	}
	note, err := c.Client.Small(ctx, offer.Address+".sha512", maxNote)
	if err == nil {
		offer.Sum, err = sumOf(strings.SplitN(strings.TrimSpace(string(note)), " ", 2)[0])
	}
	return offer, err
}
