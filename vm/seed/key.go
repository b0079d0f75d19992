package seed

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/durable"
)

// Key is an SSH key in OpenSSH's formats: the text of the private key file, and the line of
// the public key without a newline.
type Key struct{ Private, Public string }

const keyType = "ssh-ed25519"

// newKey generates a key.
func newKey(comment string) Key {
	public, private, _ := ed25519.GenerateKey(rand.Reader) // never fails
	return encodeKey(public, private, comment)
}

// encodeKey encodes a key as in OpenSSH's PROTOCOL.key, without a passphrase: the file's mode
// protects it.
func encodeKey(public ed25519.PublicKey, private ed25519.PrivateKey, comment string) Key {
	blob := appendField(appendField(nil, keyType), string(public))
	var check [4]byte
	_, _ = rand.Read(check[:]) // never fails
	secret := append(append([]byte{}, check[:]...), check[:]...)
	for _, part := range []string{keyType, string(public), string(private), comment} {
		secret = appendField(secret, part)
	}
	for n := byte(1); len(secret)%8 != 0; n++ {
		secret = append(secret, n)
	}
	whole := []byte("openssh-key-v1\x00")
	for _, part := range []string{"none", "none", ""} {
		whole = appendField(whole, part)
	}
	whole = binary.BigEndian.AppendUint32(whole, 1)
	whole = appendField(appendField(whole, string(blob)), string(secret))
	return Key{
		Private: string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: whole})),
		Public:  keyType + " " + base64.StdEncoding.EncodeToString(blob) + " " + comment,
	}
}

// appendField appends a string, preceded by its length.
func appendField(to []byte, s string) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(s)))
	return append(to, s...)
}

// ensureKey returns the key at path and creates it if it does not exist. When it returns,
// both files are durable. The public key is written first, so a private key is never alone.
func ensureKey(path, comment string) (Key, error) {
	private, err := os.ReadFile(path)
	if err == nil {
		public, err := os.ReadFile(path + ".pub")
		return Key{string(private), strings.TrimSpace(string(public))}, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Key{}, err
	}
	if err := durable.MakeDir(filepath.Dir(path)); err != nil {
		return Key{}, err
	}
	k := newKey(comment)
	if err := writeIfChanged(path+".pub", k.Public+"\n"); err != nil {
		return Key{}, err
	}
	return k, writeIfChanged(path, k.Private)
}
