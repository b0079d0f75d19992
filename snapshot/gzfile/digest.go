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
type digest struct{ h hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

func (d digest) add(sum [32]byte) { d.h.Write(sum[:]) }

func (d digest) addZero() { d.add(zeroSHA()) }

func (d digest) hex() string { return hex.EncodeToString(d.h.Sum(nil)) }
