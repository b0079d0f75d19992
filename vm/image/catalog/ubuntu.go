package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

const ubuntuRoot = "https://cloud-images.ubuntu.com/releases/"

// ubuntuStream is the part of a simplestreams file that is used here.
type ubuntuStream struct {
	Products map[string]ubuntuProduct `json:"products"`
}

type ubuntuProduct struct {
	Arch         string `json:"arch"`
	Release      string `json:"release"`       // "noble"
	ReleaseTitle string `json:"release_title"` // "24.04 LTS"
	Version      string `json:"version"`       // "24.04"
	Versions     map[string]struct {
		Items map[string]struct {
			Path   string `json:"path"`
			SHA256 string `json:"sha256"`
			Size   int64  `json:"size"`
		} `json:"items"`
	} `json:"versions"`
}

// ubuntuItem is the name of the image that boots with both BIOS and UEFI.
const ubuntuItem = "disk1.img"

// findUbuntu selects an image from the signed list of all released images. If release is "",
// it selects the newest LTS release.
func findUbuntu(ctx context.Context, c Catalog, release string) (Offer, error) {
	const address = ubuntuRoot + "streams/v1/com.ubuntu.cloud:released:download.sjson"
	file, err := c.Client.DownloadSmall(ctx, address, maxList)
	if err != nil {
		return Offer{}, err
	}
	text, err := c.verifyClearSigned("ubuntu", address, file)
	if err != nil {
		return Offer{}, err
	}
	var stream ubuntuStream
	if err := json.Unmarshal(text, &stream); err != nil {
		return Offer{}, fmt.Errorf("%w: %s: %w", ErrForm, address, err)
	}
	best := Offer{}
	for key, p := range stream.Products {
		if !strings.HasPrefix(key, "com.ubuntu.cloud:server:") || p.Arch != "amd64" || !p.matches(release) {
			continue
		}
		offer, err := p.newestOffer()
		if err != nil {
			return Offer{}, err
		}
		if offer.Address != "" && (best.Address == "" || Older(best.Version, offer.Version)) {
			best = offer
		}
	}
	if best.Address == "" {
		return Offer{}, unknownReleaseError("ubuntu", release, nil)
	}
	return best, nil
}

func (p ubuntuProduct) matches(release string) bool {
	if release == "" {
		return strings.HasSuffix(p.ReleaseTitle, "LTS")
	}
	return release == p.Release || release == p.Version
}

// newestOffer returns the newest image. If the release has no image, the offer's address is empty.
func (p ubuntuProduct) newestOffer() (Offer, error) {
	best := Offer{}
	for version, v := range p.Versions {
		item, has := v.Items[ubuntuItem]
		full := p.Version + "-" + version
		if !has || best.Address != "" && !Older(best.Version, full) {
			continue
		}
		sum, err := parseSum(item.SHA256)
		if err != nil {
			return Offer{}, err
		}
		if item.Path != path.Clean(item.Path) || path.IsAbs(item.Path) || strings.HasPrefix(item.Path, "..") {
			return Offer{}, fmt.Errorf("%w: the path %.200q", ErrForm, item.Path)
		}
		best = Offer{
			Distro: "ubuntu", Release: p.Release, Version: full, Address: ubuntuRoot + item.Path,
			Size: item.Size, Sum: sum, Verified: BySignature,
		}
	}
	return best, nil
}
