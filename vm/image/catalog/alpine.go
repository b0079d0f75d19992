package catalog

import (
	"cmp"
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

// findAlpine selects the newest image in the file list of a branch. Only that list contains
// the images' revisions.
func findAlpine(ctx context.Context, c Catalog, release string) (Offer, error) {
	branch, exact := "latest-stable", ""
	if release != "" {
		m := alpineRelease.FindStringSubmatch(release)
		if m == nil {
			return Offer{}, unknownReleaseError("alpine", release, nil)
		}
		branch = "v" + m[1]
		if m[2] != "" {
			exact = m[1] + m[2] + "-"
		}
	}
	list, err := c.Client.DownloadSmall(ctx, alpineRoot+branch+"/releases/cloud/", maxList)
	if err != nil {
		return Offer{}, unknownReleaseError("alpine", release, err)
	}
	best := ""
	var version string
	for _, m := range alpineFile.FindAllStringSubmatch(string(list), -1) {
		if v := m[1] + "-r" + m[2]; strings.HasPrefix(v, exact) && (best == "" || Older(version, v)) {
			best, version = strings.TrimSuffix(m[0], `"`), v
		}
	}
	if best == "" {
		return Offer{}, unknownReleaseError("alpine", release, nil)
	}
	release = alpineRelease.FindStringSubmatch(strings.SplitN(version, "-", 2)[0])[1]
	offer := Offer{
		Distro: "alpine", Release: release, Version: version, Verified: BySignature,
		Address: fmt.Sprintf("%sv%s/releases/cloud/%s", alpineRoot, release, best),
	}
	note, err := c.Client.DownloadSmall(ctx, offer.Address+".sha512", maxNote)
	if err == nil {
		offer.Sum, err = parseSum(strings.SplitN(strings.TrimSpace(string(note)), " ", 2)[0])
	}
	if err == nil {
		err = c.addAlpineSignature(ctx, &offer)
	}
	return offer, err
}

// addAlpineSignature adds the image's signature and the signing key. The key is downloaded from
// Alpine's site and verified by its fingerprint.
func (c Catalog) addAlpineSignature(ctx context.Context, offer *Offer) error {
	signature, err := c.Client.DownloadSmall(ctx, offer.Address+".asc", maxNote)
	if err != nil {
		return err
	}
	key, err := c.Client.DownloadSmall(ctx, alpineKey, maxNote)
	if err != nil {
		return err
	}
	offer.Signature = string(signature)
	offer.Key, err = checkKey(alpineKey, key, c.alpineFingerprint())
	return err
}

const alpineKey = "https://alpinelinux.org/keys/tomalok.asc"

func (c Catalog) alpineFingerprint() string {
	return cmp.Or(c.AlpineFingerprint, "F26ADFADBAE702EF7AF637459DA7EF23BFFCDF22")
}
