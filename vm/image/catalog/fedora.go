package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

const fedoraReleases = "https://fedoraproject.org/releases.json"

var (
	fedoraLink    = regexp.MustCompile(`^(https://[^?#]+/)Fedora-Cloud-Base-Generic-(\d+)-([\d.]+)\.x86_64\.qcow2$`)
	fedoraRelease = regexp.MustCompile(`^\d+$`)
)

// findFedora selects an image from the list of releases, and its checksum from the signed
// file beside the image.
func findFedora(ctx context.Context, c Catalog, release string) (Offer, error) {
	text, err := c.Client.DownloadSmall(ctx, fedoraReleases, maxList)
	if err != nil {
		return Offer{}, err
	}
	var all []struct {
		Version string `json:"version"`
		Link    string `json:"link"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return Offer{}, fmt.Errorf("%w: %s: %w", ErrForm, fedoraReleases, err)
	}
	var best []string // the match of the newest link
	for _, r := range all {
		m := fedoraLink.FindStringSubmatch(r.Link)
		// A beta's version is "45 Beta".
		if m == nil || !fedoraRelease.MatchString(r.Version) || release != "" && release != m[2] {
			continue
		}
		if best == nil || Older(best[2]+"-"+best[3], m[2]+"-"+m[3]) {
			best = m
		}
	}
	if best == nil {
		return Offer{}, unknownReleaseError("fedora", release, nil)
	}
	offer := Offer{Distro: "fedora", Release: best[2], Version: best[2] + "-" + best[3], Address: best[0], Verified: BySignature}
	address := fmt.Sprintf("%sFedora-Cloud-%s-x86_64-CHECKSUM", best[1], offer.Version)
	file, err := c.Client.DownloadSmall(ctx, address, maxNote)
	if err != nil {
		return Offer{}, err
	}
	list, err := c.verifyClearSigned("fedora", address, file)
	if err == nil {
		offer.Sum, err = findSum(list, strings.TrimPrefix(best[0], best[1]))
	}
	return offer, err
}
