package catalog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

const (
	debianRoot    = "https://cloud.debian.org/images/cloud/"
	debianArchive = "https://deb.debian.org/debian/dists/"
)

var (
	debianFile = regexp.MustCompile(`^debian-(\d+)-genericcloud-amd64\.qcow2$`)
	debianName = regexp.MustCompile(`^[a-z]+$`)
	debianDate = regexp.MustCompile(`^\d{8}-\d+$`)
)

// debianNumbers maps release numbers to code names; the image server uses the names.
var debianNumbers = map[string]string{"11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky"}

// findDebian selects the latest image of a release. Debian's image team does not sign its
// images.
func findDebian(ctx context.Context, c Catalog, release string) (Offer, error) {
	name, err := c.debianCodename(ctx, release)
	if err != nil {
		return Offer{}, err
	}
	folder := debianRoot + name + "/"
	list, err := c.Client.DownloadSmall(ctx, folder+"latest/SHA512SUMS", maxNote)
	if err != nil {
		return Offer{}, unknownReleaseError("debian", name, err)
	}
	for file := range parseSums(list) {
		m := debianFile.FindStringSubmatch(file)
		if m == nil {
			continue
		}
		offer := Offer{Distro: "debian", Release: name, Verified: ByChecksum}
		if offer.Sum, err = findSum(list, file); err != nil {
			return Offer{}, err
		}
		stem := strings.TrimSuffix(file, ".qcow2")
		if offer.Version, err = c.debianVersion(ctx, folder+"latest/"+stem+".json"); err != nil {
			return Offer{}, err
		}
		offer.Address = fmt.Sprintf("%s%s/%s-%[2]s.qcow2", folder, offer.Version, stem)
		return offer, nil
	}
	return Offer{}, unknownReleaseError("debian", name, nil)
}

// debianCodename returns the code name of a release given by number, name or suite.
func (c Catalog) debianCodename(ctx context.Context, release string) (string, error) {
	if name, known := debianNumbers[release]; known {
		return name, nil
	}
	switch release {
	case "", "stable", "oldstable", "testing":
	default:
		if !debianName.MatchString(release) {
			return "", unknownReleaseError("debian", release, nil)
		}
		return release, nil
	}
	if release == "" {
		release = "stable"
	}
	address := debianArchive + release + "/Release"
	text, err := c.Client.DownloadSmall(ctx, address, maxNote)
	if err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, found := strings.CutPrefix(lines.Text(), "Codename: "); found && debianName.MatchString(name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%w: %s has no codename", ErrForm, address)
}

// debianVersion reads an image's version, such as "20261117-2299", from its description.
func (c Catalog) debianVersion(ctx context.Context, address string) (string, error) {
	text, err := c.Client.DownloadSmall(ctx, address, maxNote)
	if err != nil {
		return "", err
	}
	var about struct {
		Items []struct {
			Metadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrForm, address, err)
	}
	for _, item := range about.Items {
		if v := item.Metadata.Labels["cloud.debian.org/version"]; debianDate.MatchString(v) {
			return v, nil
		}
	}
	return "", fmt.Errorf("%w: %s has no version", ErrForm, address)
}
