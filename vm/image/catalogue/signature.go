package catalogue

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
)

// keyFiles are the projects' public keys, as Debian's packages ubuntu-keyring and
// distribution-gpg-keys have them.
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
		return nil, fmt.Errorf("%w: %s: %w", ErrSignature, address, err)
	}
	return block.Plaintext, nil
}
