package catalog

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The embedded keys must have the published fingerprints and be usable.
func TestKeys(t *testing.T) {
	for distro, want := range map[string][]string{
		"arch":   {"1B9A16984A4E8CB448712D2AE0B78BF4326C6F8F"},
		"ubuntu": {"D2EB44626FDDC30B513D5BB71A5D6C4C7DB87C81"},
		"fedora": {
			"36F612DCF27F7D1A48A835E4DBFCF71C6D9F90A6", "4F50A6114CD5C6976A7F1179655A4B02F577861E",
			"B0F4950458F69E1150C6C5EDC8AC4916105EF944", "B2E766FA50CA6FA2D5ED06FC09D879E09488FB64",
			"C6E7F081CF80E13146676E88829B606631645531", "D924B10D3E810DABDD8B56B596E7E91491211FCE",
		},
	} {
		keys, err := Catalog{}.keyring(distro)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, k := range keys {
			got = append(got, fmt.Sprintf("%X", k.PrimaryKey.Fingerprint))
			if _, usable := k.SigningKey(time.Now()); !usable {
				t.Errorf("%s: the key %s cannot sign", distro, got[len(got)-1])
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: got keys %q, want those with the published fingerprints", distro, got)
		}
	}
}
