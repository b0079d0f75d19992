package catalog

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

// keyFiles contains the projects' public keys. Those of Ubuntu and Fedora are from Debian's
// packages ubuntu-keyring and distribution-gpg-keys, and that of Arch is from Arch's
// arch-boxes project.
//
//go:embed keys
var keyFiles embed.FS

// keyring returns a project's keys.
func (c Catalog) keyring(distro string) (openpgp.EntityList, error) {
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

// verifyClearSigned verifies a clear-signed file and returns only its signed part.
func (c Catalog) verifyClearSigned(distro, address string, file []byte) ([]byte, error) {
	keys, err := c.keyring(distro)
	if err != nil {
		return nil, err
	}
	block, rest := clearsign.Decode(file)
	if block == nil {
		return nil, fmt.Errorf("%w: %s is not signed", ErrSignature, address)
	}
	if len(strings.TrimSpace(string(rest))) > 0 {
		return nil, fmt.Errorf("%w: %s has text after the signature", ErrSignature, address)
	}
	if _, err := block.VerifySignature(keys, nil); err != nil {
		return nil, wrapSignatureError(address, err)
	}
	return block.Plaintext, nil
}

// verifyDetached verifies a file's detached binary signature with a project's key.
func (c Catalog) verifyDetached(distro, address string, file, signature []byte) error {
	keys, err := c.keyring(distro)
	if err == nil {
		_, err = openpgp.CheckDetachedSignature(keys, bytes.NewReader(file), bytes.NewReader(signature), nil)
	}
	return wrapSignatureError(address, err)
}

// CheckSignature reads an image and verifies its signature. It accepts an offer without a
// signature. The error, if any, wraps ErrSignature or is a read error.
func (o Offer) CheckSignature(image io.Reader) error {
	if o.Signature == "" {
		return nil
	}
	keys, err := openpgp.ReadArmoredKeyRing(strings.NewReader(o.Key))
	if err != nil {
		return wrapSignatureError(o.Address, err)
	}
	watched := errorRecorder{r: image}
	_, err = openpgp.CheckArmoredDetachedSignature(keys, &watched, strings.NewReader(o.Signature), nil)
	if watched.err != nil {
		return watched.err
	}
	return wrapSignatureError(o.Address, err)
}

// errorRecorder records read errors, which the verification does not distinguish from an
// invalid signature.
type errorRecorder struct {
	r   io.Reader
	err error
}

func (w *errorRecorder) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// wrapSignatureError wraps an error from a verification in ErrSignature. It returns nil if
// err is nil.
func wrapSignatureError(address string, err error) error {
	if errors.Is(err, pgperrors.ErrKeyExpired) {
		return fmt.Errorf("%w: %s: the embedded key has expired; a newer version of this program may have a newer one", ErrSignature, address)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSignature, address, err)
	}
	return nil
}

// checkKey returns a downloaded public key if it is the only one in the file and has the given
// fingerprint.
func checkKey(address string, armored []byte, fingerprint string) (string, error) {
	keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err == nil && (len(keys) != 1 || fmt.Sprintf("%X", keys[0].PrimaryKey.Fingerprint) != fingerprint) {
		err = errors.New("the key has another fingerprint")
	}
	return string(armored), wrapSignatureError(address, err)
}
