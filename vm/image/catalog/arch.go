package catalog

import (
	"context"
	"fmt"
	"regexp"
)

const archRoot = "https://geo.mirror.pkgbuild.com/images/"

var archFolder = regexp.MustCompile(`"v(\d{8}\.\d+)/"`)

// findArch selects the newest folder. The checksum file is signed.
func findArch(ctx context.Context, c Catalog, release string) (Offer, error) {
	list, err := c.Client.DownloadSmall(ctx, archRoot, maxList)
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
		return Offer{}, unknownReleaseError("arch", release, nil)
	}
	file := "Arch-Linux-x86_64-cloudimg-" + version + ".qcow2"
	offer := Offer{
		Distro: "arch", Release: "latest", Version: version, Verified: BySignature,
		Address: fmt.Sprintf("%sv%s/%s", archRoot, version, file),
	}
	address := offer.Address + ".SHA256"
	note, err := c.Client.DownloadSmall(ctx, address, maxNote)
	if err != nil {
		return Offer{}, err
	}
	signature, err := c.Client.DownloadSmall(ctx, address+".sig", maxNote)
	if err == nil {
		err = c.verifyDetached("arch", address, note, signature)
	}
	if err == nil {
		offer.Sum, err = findSum(note, file)
	}
	return offer, err
}
