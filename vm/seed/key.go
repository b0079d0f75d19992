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

	"vmterminal/app/ondisk"
)

// A Key is an SSH key as OpenSSH writes it: the private half's file, and the
// public half's line without a newline.
type Key struct{ Private, Public string }

const keyType = "ssh-ed25519"

// newKey makes a key at random.
func newKey(comment string) Key {
	public, private, _ := ed25519.GenerateKey(rand.Reader) // never fails
	return encodeKey(public, private, comment)
}

// encodeKey follows OpenSSH's PROTOCOL.key, without a passphrase: the file's mode
// keeps it.
func encodeKey(public ed25519.PublicKey, private ed25519.PrivateKey, comment string) Key {
	blob := field(field(nil, keyType), string(public))
	var check [4]byte
	_, _ = rand.Read(check[:]) // never fails
	secret := append(append([]byte{}, check[:]...), check[:]...)
	for _, part := range []string{keyType, string(public), string(private), comment} {
		secret = field(secret, part)
	}
	for n := byte(1); len(secret)%8 != 0; n++ {
		secret = append(secret, n)
	}
	whole := []byte("openssh-key-v1\x00")
	for _, part := range []string{"none", "none", ""} {
		whole = field(whole, part)
	}
	whole = binary.BigEndian.AppendUint32(whole, 1)
	whole = field(field(whole, string(blob)), string(secret))
	return Key{
		Private: string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: whole})),
		Public:  keyType + " " + base64.StdEncoding.EncodeToString(blob) + " " + comment,
	}
}

// field appends a string with its length before it.
func field(to []byte, s string) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(s)))
	return append(to, s...)
}

// keepKey returns the key at path, which is made if there is none; both halves are
// durable then. The public half is written first: a private one is never alone.
func keepKey(path, comment string) (Key, error) {
	private, err := os.ReadFile(path)
	if err == nil {
		public, err := os.ReadFile(path + ".pub")
		return Key{string(private), strings.TrimSpace(string(public))}, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Key{}, err
	}
	if err := ondisk.MakeDir(filepath.Dir(path)); err != nil {
		return Key{}, err
	}
	k := newKey(comment)
	if err := replace(path+".pub", k.Public+"\n"); err != nil {
		return Key{}, err
	}
	return k, replace(path, k.Private)
}
