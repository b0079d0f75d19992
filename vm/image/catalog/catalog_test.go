package catalog_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"go.uber.org/goleak"

	"vmterminal/vm/image/catalog"
	"vmterminal/vm/image/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files maps URLs without a scheme to the contents of files on the projects' servers.
type files map[string]string

func (f files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, has := f[strings.TrimPrefix(r.URL.Path, "/")]
	if !has {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
}

// A signer signs files with its own key.
type signer struct{ *openpgp.Entity }

func newSigner(t *testing.T) signer {
	t.Helper()
	e, err := openpgp.NewEntity("Test", "", "test@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	return signer{e}
}

func (s signer) publicKey(t *testing.T) []byte { return publicKeys(t, s) }

func publicKeys(t *testing.T, list ...signer) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
	for _, s := range list {
		if err == nil {
			err = s.Serialize(w)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (s signer) clearSign(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, s.PrivateKey, nil)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// detachedSignature creates a detached signature of a text, binary or armored.
func (s signer) detachedSignature(t *testing.T, text string, armored bool) string {
	t.Helper()
	sign := openpgp.DetachSign
	if armored {
		sign = openpgp.ArmoredDetachSign
	}
	var out bytes.Buffer
	if err := sign(&out, s.Entity, strings.NewReader(text), nil); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func (s signer) fingerprint() string { return fmt.Sprintf("%X", s.PrimaryKey.Fingerprint) }

func sha256Hex(of string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(of))) }

func sha512Hex(of string) string { return strings.Repeat(sha256Hex(of), 2) }

const (
	ubuntuFile = "cloud-images.ubuntu.com/releases/streams/v1/com.ubuntu.cloud:released:download.sjson"
	fedoraFile = "dl.example.org/43/Fedora-Cloud-43-1.6-x86_64-CHECKSUM"
)

const (
	archFile   = "Arch-Linux-x86_64-cloudimg-20261115.9.qcow2"
	archSum    = "geo.mirror.pkgbuild.com/images/v20261115.9/" + archFile + ".SHA256"
	alpineBase = "dl-cdn.alpinelinux.org/alpine/"
)

var archNote = sha256Hex("arch") + "  " + archFile + "\n"

func ubuntuList() string {
	product := func(version, release, title string, dates ...string) string {
		var versions []string
		for _, d := range dates {
			versions = append(versions, fmt.Sprintf(`%q:{"items":{"disk1.img":{"ftype":"disk1.img","path":"server/releases/%s/release-%s/u.img","sha256":%q,"size":%d},"manifest":{"path":"m"}}}`,
				d, release, d, sha256Hex(version+d), len(d)))
		}
		return fmt.Sprintf(`"com.ubuntu.cloud:server:%s:amd64":{"arch":"amd64","release":%q,"release_title":%q,"version":%[1]q,"versions":{%[4]s}}`,
			version, release, title, strings.Join(versions, ","))
	}
	return `{"format":"products:1.0","products":{` + strings.Join([]string{
		product("22.04", "jammy", "22.04 LTS", "20261101"),
		product("24.04", "noble", "24.04 LTS", "20260901", "20261002", "20250101"),
		product("25.10", "questing", "25.10", "20261003"),
		`"com.ubuntu.cloud:server:24.04:arm64":{"arch":"arm64","release":"noble","release_title":"24.04 LTS","version":"24.04","versions":{}}`,
	}, ",") + `}}`
}

const fedoraList = `[
{"version":"44 Beta","arch":"x86_64","variant":"Cloud","subvariant":"Cloud_Base","link":"https://dl.example.org/44_Beta/Fedora-Cloud-Base-Generic-44_Beta-1.1.x86_64.qcow2"},
{"version":"42","arch":"x86_64","variant":"Cloud","subvariant":"Cloud_Base","link":"https://dl.example.org/42/Fedora-Cloud-Base-Generic-42-1.1.x86_64.qcow2"},
{"version":"43","arch":"x86_64","variant":"Cloud","subvariant":"Cloud_Base","link":"https://dl.example.org/43/Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2"},
{"version":"43","arch":"aarch64","variant":"Cloud","subvariant":"Cloud_Base","link":"https://dl.example.org/43/Fedora-Cloud-Base-Generic-43-1.6.aarch64.qcow2"},
{"version":"43","arch":"x86_64","variant":"Server","subvariant":"Server","link":"https://dl.example.org/43/Fedora-Server-43-1.6.x86_64.iso"}]`

// publishedFiles returns the files as the projects publish them.
func publishedFiles(t *testing.T, s signer) files {
	alpine := "nocloud_alpine-3.23.10-x86_64-bios-cloudinit-r0.qcow2"
	return files{
		"dl-cdn.alpinelinux.org/alpine/latest-stable/releases/cloud/": `<pre><a href="../">../</a>
<a href="nocloud_alpine-3.23.9-x86_64-bios-cloudinit-r2.qcow2">nocloud_alpine-3.23.9</a>
<a href="nocloud_alpine-3.23.10-x86_64-bios-cloudinit-r0.qcow2">x</a> <a href="nocloud_alpine-3.23.10-x86_64-bios-cloudinit-r0.qcow2.sha512">x</a>
<a href="nocloud_alpine-3.23.11-x86_64-uefi-cloudinit-r0.qcow2">x</a> <a href="nocloud_alpine-3.23.11-aarch64-bios-cloudinit-r0.qcow2">x</a></pre>`,
		"dl-cdn.alpinelinux.org/alpine/v3.22/releases/cloud/":                                                            `<a href="nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r1.qcow2">x</a>`,
		"dl-cdn.alpinelinux.org/alpine/v3.22/releases/cloud/nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r1.qcow2.sha512": sha512Hex("3.22") + "\n",
		"dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud/" + alpine + ".sha512":                                       sha512Hex("alpine"),
		"geo.mirror.pkgbuild.com/images/":                                                                                `<a href="v20261115.9/">v20261115.9/</a> <a href="v20261101.10/">x</a> <a href="latest/">x</a>`,
		alpineBase + "v3.23/releases/cloud/" + alpine + ".asc":                                                           s.detachedSignature(t, "alpine", true),
		alpineBase + "v3.22/releases/cloud/nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r1.qcow2.asc":                     s.detachedSignature(t, "3.22", true),
		"alpinelinux.org/keys/tomalok.asc":                                                                               string(s.publicKey(t)),
		archSum:                                                                                                          archNote,
		archSum + ".sig":                                                                                                 s.detachedSignature(t, archNote, false),
		"deb.debian.org/debian/dists/stable/Release":                                                                     "Origin: Debian\nSuite: stable\nVersion: 13.2\nCodename: trixie\nSHA256:\n",
		"cloud.debian.org/images/cloud/trixie/latest/SHA512SUMS":                                                         sha512Hex("no") + "  debian-13-generic-amd64.qcow2\n" + sha512Hex("debian") + "  debian-13-genericcloud-amd64.qcow2\n" + sha512Hex("no") + "  debian-13-genericcloud-arm64.qcow2\n",
		"cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.json":                                  `{"apiVersion":"v1","items":[{"kind":"Build","metadata":{"labels":{"cloud.debian.org/version":"20261117-2299"}}},{"kind":"Upload","metadata":{"labels":{}}}]}`,
		ubuntuFile:                        s.clearSign(t, ubuntuList()),
		"fedoraproject.org/releases.json": fedoraList,
		fedoraFile:                        s.clearSign(t, "# Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2: 5 bytes\nSHA256 (Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2) = "+sha256Hex("fedora")+"\n"),
	}
}

// newCatalog returns a catalog whose servers have the files in f, signed by s.
func newCatalog(t *testing.T, f files, s signer) catalog.Catalog {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return catalog.Catalog{
		Client: fetch.Client{Mirror: server.URL, RetryPause: time.Millisecond},
		Keys:   map[string][]byte{"ubuntu": s.publicKey(t), "fedora": s.publicKey(t), "arch": s.publicKey(t)},

		AlpineFingerprint: s.fingerprint(),
	}
}

func TestFind(t *testing.T) {
	s := newSigner(t)
	c := newCatalog(t, publishedFiles(t, s), s)
	alpine := catalog.Offer{
		Distro: "alpine", Release: "3.23", Version: "3.23.10-r0", Verified: catalog.BySignature,
		Address: "https://dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud/nocloud_alpine-3.23.10-x86_64-bios-cloudinit-r0.qcow2",
		Sum:     catalog.Sum{Algorithm: "sha512", Hex: sha512Hex("alpine")},
	}
	older := alpine
	older.Release, older.Version, older.Sum.Hex = "3.22", "3.22.1-r1", sha512Hex("3.22")
	older.Address = "https://dl-cdn.alpinelinux.org/alpine/v3.22/releases/cloud/nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r1.qcow2"
	debian := catalog.Offer{
		Distro: "debian", Release: "trixie", Version: "20261117-2299", Verified: catalog.ByChecksum,
		Address: "https://cloud.debian.org/images/cloud/trixie/20261117-2299/debian-13-genericcloud-amd64-20261117-2299.qcow2",
		Sum:     catalog.Sum{Algorithm: "sha512", Hex: sha512Hex("debian")},
	}
	noble := catalog.Offer{
		Distro: "ubuntu", Release: "noble", Version: "24.04-20261002", Verified: catalog.BySignature, Size: 8,
		Address: "https://cloud-images.ubuntu.com/releases/server/releases/noble/release-20261002/u.img",
		Sum:     catalog.Sum{Algorithm: "sha256", Hex: sha256Hex("24.0420261002")},
	}
	questing := noble
	questing.Release, questing.Version, questing.Sum.Hex = "questing", "25.10-20261003", sha256Hex("25.1020261003")
	questing.Address = "https://cloud-images.ubuntu.com/releases/server/releases/questing/release-20261003/u.img"
	fedora := catalog.Offer{
		Distro: "fedora", Release: "43", Version: "43-1.6", Verified: catalog.BySignature,
		Address: "https://dl.example.org/43/Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2",
		Sum:     catalog.Sum{Algorithm: "sha256", Hex: sha256Hex("fedora")},
	}
	arch := catalog.Offer{
		Distro: "arch", Release: "latest", Version: "20261115.9", Verified: catalog.BySignature,
		Address: "https://geo.mirror.pkgbuild.com/images/v20261115.9/Arch-Linux-x86_64-cloudimg-20261115.9.qcow2",
		Sum:     catalog.Sum{Algorithm: "sha256", Hex: sha256Hex("arch")},
	}
	for _, of := range []struct {
		distro, release string
		want            catalog.Offer
	}{
		{"alpine", "", alpine},
		{"alpine", "3.22", older},
		{"alpine", "v3.22.1", older},
		{"debian", "", debian},
		{"debian", "stable", debian},
		{"debian", "trixie", debian},
		{"debian", "13", debian},
		{"ubuntu", "", noble},
		{"ubuntu", "noble", noble},
		{"ubuntu", "24.04", noble},
		{"ubuntu", "25.10", questing},
		{"fedora", "", fedora},
		{"fedora", "43", fedora},
		{"arch", "", arch},
		{"arch", "20261115.9", arch},
	} {
		got, err := c.Find(t.Context(), of.distro, of.release)
		if (got.Signature != "") != (of.distro == "alpine") {
			t.Errorf("Find(%s, %q): got signature %q, want one only for alpine", of.distro, of.release, got.Signature)
		}
		got.Signature, got.Key = "", ""
		if err != nil || got != of.want {
			t.Errorf("Find(%s, %q) = %+v, %v\nwant %+v", of.distro, of.release, got, err, of.want)
		}
	}
}

func TestFindUnknown(t *testing.T) {
	s := newSigner(t)
	c := newCatalog(t, publishedFiles(t, s), s)
	for _, of := range [][2]string{
		{"slackware", ""},
		{"debia", ""},
		{"debian", "woody"},
		{"debian", "../../etc"},
		{"debian", "12"},
		{"alpine", "3.1"},
		{"alpine", "edge"},
		{"alpine", "3.22.9"},
		{"ubuntu", "warty"},
		{"fedora", "12"},
		{"fedora", "44"},
		{"arch", "2025"},
	} {
		if got, err := c.Find(t.Context(), of[0], of[1]); !errors.Is(err, catalog.ErrUnknown) {
			t.Errorf("%q: got %+v, %v; want error %v", of, got, err, catalog.ErrUnknown)
		}
	}
}

func TestFindWithoutNetwork(t *testing.T) {
	c := catalog.Catalog{Client: fetch.Client{Mirror: "http://127.0.0.1:1"}} // nothing listens there
	for _, d := range catalog.Distros() {
		if _, err := c.Find(t.Context(), d.Name, ""); !errors.Is(err, fetch.ErrNoNetwork) {
			t.Errorf("%s: got error %v, want error %v", d.Name, err, fetch.ErrNoNetwork)
		}
	}
}

// Files without a valid signature are rejected.
func TestSignatures(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	for name, change := range map[string]func(string) string{
		"by another key": func(string) string { return other.clearSign(t, ubuntuList()) },
		"changed": func(text string) string {
			return strings.Replace(text, sha256Hex("24.0420261002"), sha256Hex("evil"), 1)
		},
		"not signed":    func(string) string { return ubuntuList() },
		"more after it": func(text string) string { return text + "\n" + other.clearSign(t, ubuntuList()) },
		"cut":           func(text string) string { return text[:len(text)-200] },
	} {
		f := publishedFiles(t, s)
		f[ubuntuFile] = change(f[ubuntuFile])
		if got, err := newCatalog(t, f, s).Find(t.Context(), "ubuntu", ""); !errors.Is(err, catalog.ErrSignature) {
			t.Errorf("%s: got %+v, %v; want error %v", name, got, err, catalog.ErrSignature)
		}
	}
	f := publishedFiles(t, s)
	f[fedoraFile] = other.clearSign(t, "SHA256 (Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2) = "+sha256Hex("evil")+"\n")
	if got, err := newCatalog(t, f, s).Find(t.Context(), "fedora", ""); !errors.Is(err, catalog.ErrSignature) {
		t.Errorf("fedora: got %+v, %v; want error %v", got, err, catalog.ErrSignature)
	}
	// The projects' own keys do not match the test's signatures.
	c := newCatalog(t, publishedFiles(t, s), s)
	c.Keys, c.AlpineFingerprint = nil, ""
	for _, distro := range []string{"ubuntu", "fedora", "arch", "alpine"} {
		if got, err := c.Find(t.Context(), distro, ""); !errors.Is(err, catalog.ErrSignature) {
			t.Errorf("%s with embedded keys: got %+v, %v; want error %v", distro, got, err, catalog.ErrSignature)
		}
	}
}

func TestSignatureBesideTheSum(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	for name, change := range map[string]func(f files){
		"by another key": func(f files) { f[archSum+".sig"] = other.detachedSignature(t, archNote, false) },
		"of another sum": func(f files) { f[archSum] = sha256Hex("evil") + "  " + archFile + "\n" },
		"of other text":  func(f files) { f[archSum+".sig"] = s.detachedSignature(t, "text", false) },
		"no signature":   func(f files) { f[archSum+".sig"] = "" },
		"garbage":        func(f files) { f[archSum+".sig"] = "<html>" },
		"cut":            func(f files) { f[archSum+".sig"] = f[archSum+".sig"][:20] },
	} {
		f := publishedFiles(t, s)
		change(f)
		if got, err := newCatalog(t, f, s).Find(t.Context(), "arch", ""); !errors.Is(err, catalog.ErrSignature) {
			t.Errorf("%s: got %+v, %v; want error %v", name, got, err, catalog.ErrSignature)
		}
	}
}

func TestSignatureOfTheImage(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	offer, err := newCatalog(t, publishedFiles(t, s), s).Find(t.Context(), "alpine", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := offer.CheckSignature(strings.NewReader("alpine")); err != nil {
		t.Error(err)
	}
	broken := errors.New("the disk is broken")
	if err := offer.CheckSignature(iotest.ErrReader(broken)); !errors.Is(err, broken) || errors.Is(err, catalog.ErrSignature) {
		t.Errorf("an image that cannot be read: got error %v, want error %v", err, broken)
	}
	for name, change := range map[string]func(o *catalog.Offer){
		"by another key": func(o *catalog.Offer) { o.Signature = other.detachedSignature(t, "alpine", true) },
		"of other bytes": func(o *catalog.Offer) { o.Signature = s.detachedSignature(t, "text", true) },
		"no armor":       func(o *catalog.Offer) { o.Signature = s.detachedSignature(t, "alpine", false) },
		"no key":         func(o *catalog.Offer) { o.Key = "" },
	} {
		o := offer
		change(&o)
		if err := o.CheckSignature(strings.NewReader("alpine")); !errors.Is(err, catalog.ErrSignature) {
			t.Errorf("%s: got error %v, want error %v", name, err, catalog.ErrSignature)
		}
	}
	for name, change := range map[string]func(f files){
		"another key":   func(f files) { f["alpinelinux.org/keys/tomalok.asc"] = string(other.publicKey(t)) },
		"a key besides": func(f files) { f["alpinelinux.org/keys/tomalok.asc"] = string(publicKeys(t, s, other)) },
		"no key":        func(f files) { f["alpinelinux.org/keys/tomalok.asc"] = "<html>" },
	} {
		f := publishedFiles(t, s)
		change(f)
		if got, err := newCatalog(t, f, s).Find(t.Context(), "alpine", ""); !errors.Is(err, catalog.ErrSignature) {
			t.Errorf("%s: got %+v, %v; want error %v", name, got, err, catalog.ErrSignature)
		}
	}
}

func TestFindRejectsInvalidFiles(t *testing.T) {
	s := newSigner(t)
	for address, text := range map[string]string{
		"dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud/nocloud_alpine-3.23.10-x86_64-bios-cloudinit-r0.qcow2.sha512": "<html>",
		"cloud.debian.org/images/cloud/trixie/latest/SHA512SUMS":                                                          "1234  debian-13-genericcloud-amd64.qcow2\n",
		"cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.json":                                   `{"items":[{"metadata":{"labels":{"cloud.debian.org/version":"../../evil"}}}]}`,
		"deb.debian.org/debian/dists/stable/Release":                                                                      "Codename: ../evil\n",
		"fedoraproject.org/releases.json":                                                                                 "{",
		fedoraFile:                                                                                                        s.clearSign(t, "nothing"),
		ubuntuFile:                                                                                                        s.clearSign(t, strings.ReplaceAll(ubuntuList(), "server/releases/noble", "../../evil")),
	} {
		f := publishedFiles(t, s)
		f[address] = text
		c, wrong := newCatalog(t, f, s), 0
		for _, d := range catalog.Distros() {
			if _, err := c.Find(t.Context(), d.Name, ""); errors.Is(err, catalog.ErrForm) {
				wrong++
			} else if err != nil {
				t.Errorf("%s: Find(%s): got error %v, want ErrForm or no error", address, d.Name, err)
			}
		}
		if wrong != 1 {
			t.Errorf("%s = %.60q: got ErrForm %d times, want 1", address, text, wrong)
		}
	}
}
