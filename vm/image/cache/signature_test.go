package cache_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"vmterminal/vm/image/catalog"
)

// signed adds a signature of data to an offer.
func signed(t *testing.T, offer catalog.Offer, data []byte) catalog.Offer {
	t.Helper()
	who, err := openpgp.NewEntity("Test", "", "test@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	var signature, key bytes.Buffer
	w, err := armor.Encode(&key, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(who.Serialize(w), w.Close(), openpgp.ArmoredDetachSign(&signature, who, bytes.NewReader(data), nil)); err != nil {
		t.Fatal(err)
	}
	offer.Signature, offer.Key = signature.String(), key.String()
	return offer
}

// A file with an invalid signature is removed, although its checksum matches.
func TestDownloadWithInvalidSignature(t *testing.T) {
	old, data := disk("old"), disk("new")
	web, s := serve(t, old), newStore(t)
	if _, err := s.Download(t.Context(), signed(t, web.offer("1", old), old), meter{}); err != nil {
		t.Fatal(err)
	}
	web.set(data, false)
	_, err := s.Download(t.Context(), signed(t, web.offer("2", data), disk("other")), meter{})
	if !errors.Is(err, catalog.ErrSignature) {
		t.Errorf("signature of another file: got error %v, want error %v", err, catalog.ErrSignature)
	}
	checkImage(t, s, "debian:trixie", old)
	_ = filepath.WalkDir(string(s.Home), func(path string, entry os.DirEntry, err error) error {
		if info, _ := entry.Info(); err == nil && info.Size() == int64(len(data)) && filepath.Ext(path) == ".part" {
			t.Errorf("got leftover file %s, want none", path)
		}
		return nil
	})
	if _, err := s.Download(t.Context(), signed(t, web.offer("2", data), data), meter{}); err != nil {
		t.Fatal(err)
	}
	checkImage(t, s, "debian:trixie", data)
}
