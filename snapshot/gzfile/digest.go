package gzfile

import (
	"crypto/sha256"
	"hash"
	"sync"
)

// zeroSHA returns the SHA-256 of a full chunk of zeros.
var zeroSHA = sync.OnceValue(func() [32]byte { return sha256.Sum256(zeros[:]) })

// digest computes an image digest chunk by chunk.
type digest struct {
	h   hash.Hash
	sum [32]byte // argument of h.Write; a field, so that it is allocated only once
}

func (d *digest) add(sum [32]byte) {
	d.sum = sum
	d.h.Write(d.sum[:])
}
