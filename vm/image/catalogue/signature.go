package catalogue

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
)

// keyFiles are the projects' public keys: of Ubuntu and Fedora as Debian's packages
// ubuntu-keyring and distribution-gpg-keys have them, of Arch as its arch-boxes
// project prints it.
//
//go:embed keys
var keyFiles embed.FS

// keyring returns the keys of a project.
func (c Catalogue) keyring(distro string) (openpgp.EntityList, error) {
	if replaced, ok := c.Keys[distro]; ok {
		return openpgp.ReadArmoredKeyRing(bytes.NewReader(replaced))
	}
	files, err := fs.Glob(keyFiles, "keys/"+distro+"*.asc")
	if err != nil {
		return nil, err
	}
	var all openpgp.EntityList
	for _, name := range files {
		text, err := keyFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, keys...)
	}
	return all, nil
}

// signed returns what a file says above its signature, if that is the project's.
// What is before or after the signed part is not in it.
func (c Catalogue) signed(distro, address string, file []byte) ([]byte, error) {
	keys, err := c.keyring(distro)
	if err != nil {
		return nil, err
	}
	block, rest := clearsign.Decode(file)
	if block == nil {
		return nil, fmt.Errorf("%w: %s is not signed", ErrSignature, address)
	}
	if len(strings.TrimSpace(string(rest))) > 0 {
		return nil, fmt.Errorf("%w: in %s there is more than what is signed", ErrSignature, address)
	}
	if _, err := block.VerifySignature(keys, nil); err != nil {
		return nil, wrongSignature(address, err)
	}
	return block.Plaintext, nil
}

// signedBeside checks a detached signature of a file, in binary form, by a project's
// key that is known here.
func (c Catalogue) signedBeside(distro, address string, file, signature []byte) error {
	keys, err := c.keyring(distro)
	if err == nil {
		_, err = openpgp.CheckDetachedSignature(keys, bytes.NewReader(file), bytes.NewReader(signature), nil)
	}
	return wrongSignature(address, err)
}

// CheckSignature reads an image and compares it with its own signature; an offer that
// has none is right. The error wraps ErrSignature, or is that of reading.
func (o Offer) CheckSignature(image io.Reader) error {
	if o.Signature == "" {
		return nil
	}
	keys, err := openpgp.ReadArmoredKeyRing(strings.NewReader(o.Key))
	if err != nil {
		return wrongSignature(o.Address, err)
	}
	watched := watchedReader{of: image}
	_, err = openpgp.CheckArmoredDetachedSignature(keys, &watched, strings.NewReader(o.Signature), nil)
	if watched.err != nil {
		return watched.err
	}
	return wrongSignature(o.Address, err)
}

// watchedReader keeps the error of reading, which a check does not tell from one of
// the signature.
type watchedReader struct {
	of  io.Reader
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.of.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// wrongSignature is the error of a signature that is not right; nil stays nil.
func wrongSignature(address string, err error) error {
	if errors.Is(err, pgperrors.ErrKeyExpired) {
		return fmt.Errorf("%w: %s: the key that is known for it has expired; a newer version of this program may know a newer one", ErrSignature, address)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSignature, address, err)
	}
	return nil
}

// keyOf returns a public key that was fetched, if it is the one with that
// fingerprint and no other.
func keyOf(address string, armored []byte, fingerprint string) (string, error) {
	keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err == nil && (len(keys) != 1 || fmt.Sprintf("%X", keys[0].PrimaryKey.Fingerprint) != fingerprint) {
		err = errors.New("it is another key than the one that is known")
	}
	return string(armored), wrongSignature(address, err)
}
