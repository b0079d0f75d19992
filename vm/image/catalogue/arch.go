package catalogue

import (
	"context"
	"fmt"
	"regexp"
)

const archRoot = "https://geo.mirror.pkgbuild.com/images/"

var archFolder = regexp.MustCompile(`"v(\d{8}\.\d+)/"`)

// findArch takes the newest folder. Images are signed, by a key that no package of
// Debian has.
func findArch(ctx context.Context, c Catalogue, release string) (Offer, error) {
	list, err := c.Client.Small(ctx, archRoot, maxList)
	if err != nil {
		return Offer{}, err
	}
	version := ""
	for _, m := range archFolder.FindAllStringSubmatch(string(list), -1) {
		if (release == "" || release == "latest" || release == m[1]) && (version == "" || Older(version, m[1])) {
			version = m[1]
		}
	}
	if version == "" {
		return Offer{}, unknown("arch", release, nil)
	}
	file := "Arch-Linux-x86_64-cloudimg-" + version + ".qcow2"
	offer := Offer{
		Distro: "arch", Release: "latest", Version: version, Verified: ByChecksum,
		Address: fmt.Sprintf("%sv%s/%s", archRoot, version, file),
	}
	note, err := c.Client.Small(ctx, offer.Address+".SHA256", maxNote)
	if err == nil {
		offer.Sum, err = sumIn(note, file)
	}
	return offer, err
}
