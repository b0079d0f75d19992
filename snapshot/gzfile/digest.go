package gzfile

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

// zeroSHA is the SHA-256 of a whole zero chunk.
var zeroSHA = sync.OnceValue(func() [32]byte { return sha256.Sum256(zeros[:]) })

// digest is the image digest as it grows, chunk by chunk.
type digest struct {
	h   hash.Hash
	sum [32]byte // a copy that does not have to be allocated for every chunk
}

func newDigest() *digest { return &digest{h: sha256.New()} }

func (d *digest) add(sum [32]byte) {
	d.sum = sum
	d.h.Write(d.sum[:])
}

func (d *digest) addZero() { d.add(zeroSHA()) }

func (d *digest) hex() string { return hex.EncodeToString(d.h.Sum(nil)) }
