package gzfile

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"

	"vmterminal/snapshot/diskfile"
)

// flushMark is the end of every segment: the length of an empty stored block.
var flushMark = []byte{0, 0, 0xff, 0xff}

// Scan reads the whole file without an index, in parallel, and rebuilds the index. It
// writes the disk to sink, which may be nil. When the error is nil, every byte of the file
// was read, and the disk has the header's image digest and the trailer's CRC-32. opt.Add
// counts bytes of the file. The errors are those of [File.Decode].
//
// A segment can end at any flush mark before a multiple of Align, but the disk's own
// content can look like such a mark. So each piece between two marks is decompressed as if
// it were a segment, many in parallel. If a piece turns out not to be a segment, the
// segment that starts there is read to its actual end.
func (f *File) Scan(ctx context.Context, sink Sink, opt Options) (*Index, error) {
	end := f.Header.FileSize - trailerLen
	if (end-f.HeaderLen)%Align != 0 {
		return nil, newDamage(-1, "the file does not have the length of a snapshot")
	}
	opt.add(f.HeaderLen + trailerLen)
	in := bufio.NewReaderSize(io.NewSectionReader(f.r, f.HeaderLen, end-f.HeaderLen), 2*maxSegment)
	at := f.HeaderLen
	s := &pieceCollector{f: f, sink: sink, end: f.HeaderLen, x: &Index{
		ID: f.Header.ID, Digest: f.Header.Digest, Size: f.Header.Size, FileSize: f.Header.FileSize,
	}}
	err := stages[piece]{
		produce: func(p *piece) (bool, error) {
			if at == end {
				return false, nil
			}
			p.offset = at
			err := p.readToMark(in)
			at += int64(len(p.segment))
			return err == nil, err
		},
		worker: func() func(*piece) error {
			d := new(inflater)
			return func(p *piece) error {
				p.inflate(d)
				return nil
			}
		},
		collect: func(p *piece) error {
			opt.add(int64(len(p.segment)))
			return s.add(p)
		},
	}.run(ctx, opt.Workers)
	if err != nil {
		return nil, err
	}
	sums, crc := s.x.computeSums()
	switch {
	case s.next != Chunks(f.Header.Size) || s.end != end:
		return nil, newDamage(s.next, "the file ends before it")
	case !f.matchesDigest(sums):
		return nil, wrongDigestError()
	case !f.matchesCRC(crc):
		return nil, wrongCRCError()
	}
	return s.x, nil
}

// piece is the part of the file between two flush marks.
type piece struct {
	offset  int64 // in the file
	segment []byte
	zeros   int64  // number of zero chunks that it stands for
	content []byte // the chunk that it decompresses to, or nil
	buf     []byte
	entry   Entry // for content, without its Chunk
}

// readToMark reads up to the next mark, but at most maxSegment bytes.
func (p *piece) readToMark(in *bufio.Reader) error {
	for n := Align; ; n += Align {
		b, err := in.Peek(n)
		if err != nil && (!errors.Is(err, io.EOF) || len(b) == 0) {
			if errors.Is(err, io.EOF) {
				err = newDamage(-1, "the file is cut short")
			}
			return err
		}
		if err == nil && !bytes.HasSuffix(b, flushMark) && n+Align <= maxSegment {
			continue
		}
		if p.segment == nil {
			p.segment, p.buf = make([]byte, 0, maxSegment), make([]byte, ChunkSize)
		}
		p.segment = append(p.segment[:0], b...)
		_, err = in.Discard(len(b))
		return err
	}
}

// inflate decompresses the piece, if it is a segment.
func (p *piece) inflate(d *inflater) {
	p.content, p.zeros = nil, zeroChunks(p.segment)
	if p.zeros > 0 {
		return
	}
	n, _, err := d.inflate(p.buf, p.segment)
	if err == nil && n > 0 {
		p.setContent(p.buf[:n])
	}
}

func (p *piece) setContent(content []byte) {
	p.content = content
	p.entry = Entry{
		Offset: p.offset, Length: uint32(len(p.segment)), SHA256: sha256.Sum256(content),
		CRC: crc32.ChecksumIEEE(content), SegmentCRC: crc32.Checksum(p.segment, castagnoli),
	}
}

// zeroChunks returns the number of whole zero chunks that a segment stands for.
func zeroChunks(segment []byte) int64 {
	for n, known := range zeroSegments() {
		if n > 0 && bytes.Equal(segment, known) {
			return int64(n)
		}
	}
	return 0
}

// pieceCollector collects the pieces in the order of the file.
type pieceCollector struct {
	f    *File
	sink Sink
	x    *Index
	next int64 // the next chunk
	end  int64 // offset of its segment in the file
}

func (s *pieceCollector) add(p *piece) error {
	if p.offset < s.end {
		return nil // inside a segment
	}
	if p.zeros > 0 && s.next+p.zeros <= s.x.Size/ChunkSize {
		s.next += p.zeros
		s.end += int64(len(p.segment))
		return nil
	}
	if s.next >= Chunks(s.x.Size) {
		return newDamage(-1, "the file contains more chunks than its header says")
	}
	n := chunkLen(s.x.Size, s.next)
	if int64(len(p.content)) != n {
		if err := s.f.readFullSegment(p, s.next, n); err != nil {
			return err
		}
	}
	s.end += int64(len(p.segment))
	if data := diskfile.DataBytes(p.content); data > 0 {
		p.entry.Chunk, p.entry.Data = s.next, uint32(data)
		s.x.Entries = append(s.x.Entries, p.entry)
		if s.sink != nil {
			if err := s.sink(s.next*ChunkSize, p.content); err != nil {
				return err
			}
		}
	}
	s.next++
	return nil
}

// readFullSegment replaces the contents of the piece with the segment that starts at its
// offset, up to the segment's actual end. The segment must decompress to the chunk's n
// bytes.
func (f *File) readFullSegment(p *piece, chunk, n int64) error {
	p.segment = p.segment[:min(maxSegment/Align*Align, f.Header.FileSize-trailerLen-p.offset)]
	if m, err := f.r.ReadAt(p.segment, p.offset); m < len(p.segment) {
		if errors.Is(err, io.EOF) {
			return newDamage(chunk, "the file ends within it")
		}
		return err
	}
	content := p.buf[:n]
	d := new(inflater)
	wrote, consumed, err := d.inflate(content, p.segment)
	if err != nil && int64(wrote) != n {
		return newDamage(chunk, "%v", err)
	}
	p.segment = p.segment[:consumed]
	// The error, if any, came from the data after the segment.
	if wrote, _, err = d.inflate(content, p.segment); err != nil {
		return newDamage(chunk, "%v", err)
	}
	if int64(wrote) != n || consumed%Align != 0 {
		return newDamage(chunk, "%v: it does not hold %d bytes", errSegment, n)
	}
	p.setContent(content)
	return nil
}
