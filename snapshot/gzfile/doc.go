// Package gzfile writes and reads snapshot files: a disk as one plain gzip
// member that any gzip tool gives back byte for byte. It knows readers and
// writers of bytes; it must never know names in folders, rows, VMs or who shows
// the progress.
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
//	          JSON (see Header), filled up with spaces
//	body      segments, each a multiple of 4,096 bytes, each starting with a
//	          fresh window and ending at a byte's edge:
//	            a data segment  is one chunk: deflate blocks, a sync flush,
//	                            empty blocks up to the multiple of 4,096
//	            a zero segment  stands for one to four zero chunks; what it
//	                            is made of is fixed (TestZeroSegmentsStay)
//	end       01 00 00 ff ff (the final block, empty), CRC-32, ISIZE
//
// A chunk is 1 MiB of the disk; the last may be shorter, and is never empty. A
// disk of 0 bytes has no chunk. A run of zero chunks becomes zero segments of
// four, and one of the one to three that are left. So the same disk gives the
// same body whatever the number of workers and however its holes lie.
//
// # The digests
//
// The image digest is the SHA-256 of the chunks' SHA-256 (32 raw bytes each,
// in the disk's order), written as 64 lower-case hex digits. Zero chunks count
// like all others. The digest of an empty disk is the SHA-256 of nothing.
//
// The body's CRC-32C (Castagnoli) covers every byte after the header, up to the
// end of the file.
//
// # The chunk index
//
// An index says where each data chunk's segment lies, so that chunks can be
// read in any order, and used again in a later file. It is a cache, which Scan
// makes anew from the file. It is bound to its file by id and file size, by the
// image digest over its SHA-256, and by the body's CRC-32C over its segments in
// their places; and each segment and chunk is checked again on use. See Index.
//
// # Using segments again
//
// A later file of the same disk may consist of an earlier one's segments, as
// they are, for all chunks whose SHA-256 is the same. Their bytes are read and
// compared with their CRC-32C before, each time; whether they are then written,
// or their blocks shared, is the same to who reads the file. See Base. In the
// same way, a restore takes what the present disk has already. See Present.
package gzfile

const (
	// ChunkSize is the part of the disk that is hashed and compressed on its own.
	ChunkSize = 1 << 20
	// Align is what every segment's length is a multiple of, so that a file
	// system that shares blocks can share segments between files.
	Align = 4096

	// MaxDisk is the size of the largest disk, in bytes: what the largest file of
	// an ext4 is, rounded up. Gzip's zeros are a thousandth of a disk's, so a file
	// that is easy to send may hold more zeros than anyone would wait for.
	MaxDisk = 16 << 40

	// zeroGroup is how many zero chunks one segment stands for at most: four are
	// the most that fit into Align bytes.
	zeroGroup = 4
	// trailerLen is the final block, the CRC-32 and ISIZE.
	trailerLen = 5 + 4 + 4
	// maxExpansion is above the largest ratio that deflate can reach.
	maxExpansion = 1033
)

// finalBlock is an empty stored block with the final bit, at a byte's edge.
var finalBlock = []byte{1, 0, 0, 0xff, 0xff}

// Chunks returns how many chunks a disk of size bytes has.
func Chunks(size int64) int64 {
	n := size / ChunkSize
	if size%ChunkSize != 0 {
		n++
	}
	return n
}

// chunkLen returns the length of chunk i of a disk of size bytes.
func chunkLen(size, i int64) int64 { return min(ChunkSize, size-i*ChunkSize) }
