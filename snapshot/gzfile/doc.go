// Package gzfile writes and reads snapshot files: a disk as a single plain gzip
// member that any gzip tool decompresses to the disk, byte for byte. It works on
// readers and writers; it must not know about file names, rows, VMs or front ends.
//
// # The file
//
// Numbers are little endian, as in RFC 1951 and RFC 1952.
//
//	header    4,096 bytes (8,192 or 12,288 if the description is long):
//	          1f 8b 08 04  00 00 00 00  00 ff   no time, no name, FEXTRA only
//	          XLEN                               the rest of the header
//	          'V' 'T' LEN                        the one subfield
//	          CRC-32 of the whole header without these four bytes
//	          JSON (see Header), padded with spaces
//	body      segments, each a multiple of 4,096 bytes, each starting with an
//	          empty window and ending on a byte boundary:
//	            a data segment  is one chunk: deflate blocks, a sync flush,
//	                            empty blocks up to a multiple of 4,096 bytes
//	            a zero segment  stands for one to four zero chunks; its bytes
//	                            are fixed (TestZeroSegmentsAreFixed)
//	end       01 00 00 ff ff (the final block, empty), CRC-32, ISIZE
//
// A chunk is 1 MiB of the disk; the last may be shorter, but is never empty. A
// disk of 0 bytes has no chunks. A run of zero chunks becomes zero segments of
// four chunks each, and one for the remaining one to three. So a disk always
// gives the same body, whatever the number of workers and the position of holes.
//
// # The digests
//
// The image digest is the SHA-256 of the chunks' SHA-256 values (32 raw bytes each,
// in the order of the disk), written as 64 lower-case hex digits. Zero chunks count
// like all others. The digest of an empty disk is the SHA-256 of the empty string.
//
// The body's CRC-32C (Castagnoli) covers every byte from the end of the header to
// the end of the file.
//
// # The chunk index
//
// An index lists the position of each data chunk's segment, so that chunks can be
// read in any order and reused in a later file. It is a cache that Scan rebuilds
// from the file. It is bound to its file by id and file size, by the image digest
// of its SHA-256 values, and by the body's CRC-32C combined from those of its
// segments; and each segment and chunk is checked again when it is used. See Index.
//
// # Reusing segments
//
// A later file of the same disk may contain an earlier file's segments unchanged, for all
// chunks whose SHA-256 is the same. Each time, their bytes are first read and compared with
// their CRC-32C. Readers of the file see no difference between segments that were written
// and segments that share blocks. See Base. In the same way, a restore takes chunks from
// the present disk. See PresentDisk.
//
// # The decompressor
//
// The decompressor follows Eric Biggers's libdeflate (lib/decompress_template.h and
// lib/deflate_decompress.c): one table lookup gives a flagged entry with everything
// that is known about a code, and a refill reads eight bytes without a branch. The
// source files codes.go and huffman.go state the invariants.
package gzfile

const (
	// ChunkSize is the size of the parts of the disk that are hashed and compressed
	// independently, in bytes.
	ChunkSize = 1 << 20
	// Align is the unit of all offsets and lengths of segments, so that a file system that
	// shares blocks can share segments between files.
	Align = 4096

	// MaxDisk is the maximum size of a disk, in bytes: that of the largest file on ext4,
	// rounded up. A limit is needed because gzip compresses zeros a thousandfold: a small
	// file could expand for days.
	MaxDisk = 16 << 40

	// zeroGroup is the maximum number of zero chunks in one segment: no more fit into Align
	// bytes.
	zeroGroup = 4
	// trailerLen is the length of the final block, the CRC-32 and ISIZE.
	trailerLen = 5 + 4 + 4
	// maxExpansion is larger than any ratio that deflate can reach.
	maxExpansion = 1033
)

// finalBlock is an empty stored block with the final bit, on a byte boundary.
var finalBlock = []byte{1, 0, 0, 0xff, 0xff}

// Chunks returns the number of chunks of a disk, given its size in bytes.
func Chunks(size int64) int64 {
	n := size / ChunkSize
	if size%ChunkSize != 0 {
		n++
	}
	return n
}

// chunkLen returns the length of chunk i of a disk, given its size in bytes.
func chunkLen(size, i int64) int64 { return min(ChunkSize, size-i*ChunkSize) }
