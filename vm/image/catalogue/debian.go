package catalogue

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

// debianNumbers are the releases that are known by number: the archive has them by
// name only.
var debianNumbers = map[string]string{"11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky"}

// findDebian takes what is called latest of a release. Debian's image team signs
// nothing.
func findDebian(ctx context.Context, c Catalogue, release string) (Offer, error) {
	name, err := c.debianCodename(ctx, release)
	if err != nil {
		return Offer{}, err
	}
	folder := debianRoot + name + "/"
	list, err := c.Client.Small(ctx, folder+"latest/SHA512SUMS", maxNote)
	if err != nil {
		return Offer{}, unknown("debian", name, err)
	}
	for file := range sums(list) {
		m := debianFile.FindStringSubmatch(file)
		if m == nil {
			continue
		}
		offer := Offer{Distro: "debian", Release: name, Verified: ByChecksum}
		if offer.Sum, err = sumIn(list, file); err != nil {
			return Offer{}, err
		}
		stem := strings.TrimSuffix(file, ".qcow2")
		if offer.Version, err = c.debianVersion(ctx, folder+"latest/"+stem+".json"); err != nil {
			return Offer{}, err
		}
		offer.Address = fmt.Sprintf("%s%s/%s-%[2]s.qcow2", folder, offer.Version, stem)
		return offer, nil
	}
	return Offer{}, unknown("debian", name, nil)
}

// debianCodename turns what a release can be called into its name.
func (c Catalogue) debianCodename(ctx context.Context, release string) (string, error) {
	if name, known := debianNumbers[release]; known {
		return name, nil
	}
	switch release {
	case "", "stable", "oldstable", "testing":
	default:
		if !debianName.MatchString(release) {
			return "", unknown("debian", release, nil)
		}
		return release, nil
	}
	if release == "" {
		release = "stable"
	}
	address := debianArchive + release + "/Release"
	text, err := c.Client.Small(ctx, address, maxNote)
	if err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, found := strings.CutPrefix(lines.Text(), "Codename: "); found && debianName.MatchString(name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%w: %s tells no codename", ErrForm, address)
}

// debianVersion reads an image's version from its description, like
// "20261117-2299".
func (c Catalogue) debianVersion(ctx context.Context, address string) (string, error) {
	text, err := c.Client.Small(ctx, address, maxNote)
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
	return "", fmt.Errorf("%w: %s tells no version", ErrForm, address)
}
