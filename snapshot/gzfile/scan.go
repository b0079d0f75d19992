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

// flushMark is what every segment ends with: the length of an empty stored block.
var flushMark = []byte{0, 0, 0xff, 0xff}

// Scan reads the whole file without an index, in parallel, and makes the index
// anew. It gives the whole disk to sink, which may be nil. When it returns nil,
// every byte of the file was read, and the disk has the header's image digest
// and the CRC-32 of the file's end. opt.Add counts bytes of the file.
//
// A segment may end wherever there is a flush mark at a multiple of Align, but
// the disk's own content can look like one. So each piece between two marks is
// taken for a segment, many at once, and where one turns out not to be, the
// segment that starts there is read on its own to where it truly ends.
func (f *File) Scan(ctx context.Context, sink Sink, opt Options) (*Index, error) {
	end := f.Header.FileSize - trailerLen
	if (end-f.headerLen)%Align != 0 {
		return nil, damaged(-1, "its length is not that of a snapshot")
	}
	opt.add(f.headerLen + trailerLen)
	in := bufio.NewReaderSize(io.NewSectionReader(f.r, f.headerLen, end-f.headerLen), 2*maxSegment)
	at := f.headerLen
	s := &scan{f: f, sink: sink, end: f.headerLen, x: &Index{
		ID: f.Header.ID, Digest: f.Header.Digest, Size: f.Header.Size, FileSize: f.Header.FileSize,
	}}
	err := stages[piece]{
		produce: func(p *piece) (bool, error) {
			if at == end {
				return false, nil
			}
			p.offset = at
			err := p.read(in)
			at += int64(len(p.segment))
			return err == nil, err
		},
		worker: func() func(*piece) error {
			d := newInflater()
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
	sums, crc := s.x.sums()
	switch {
	case s.next != Chunks(f.Header.Size) || s.end != end:
		return nil, damaged(s.next, "the file ends before it")
	case !f.isDisk(sums):
		return nil, errDisk()
	case !f.endsWith(crc):
		return nil, errEnd()
	}
	return s.x, nil
}

// piece is what lies between two marks.
type piece struct {
	offset  int64 // in the file
	segment []byte
	zeros   int64  // it stands for this many whole zero chunks
	content []byte // it is this one chunk, or nil
	room    []byte
	entry   Entry // of content, without its Chunk
}

// read takes what comes up to the next mark, or as much as a segment can be.
func (p *piece) read(in *bufio.Reader) error {
	for n := Align; ; n += Align {
		b, err := in.Peek(n)
		if err != nil && (!errors.Is(err, io.EOF) || len(b) == 0) {
			if errors.Is(err, io.EOF) {
				err = damaged(-1, "it is cut short")
			}
			return err
		}
		if err == nil && !bytes.HasSuffix(b, flushMark) && n+Align <= maxSegment {
			continue
		}
		if p.segment == nil {
			p.segment, p.room = make([]byte, 0, maxSegment), make([]byte, ChunkSize)
		}
		p.segment = append(p.segment[:0], b...)
		_, err = in.Discard(len(b))
		return err
	}
}

// inflate finds out what the piece is, if it is a segment.
func (p *piece) inflate(d *inflater) {
	p.content, p.zeros = nil, zeroChunks(p.segment)
	if p.zeros > 0 {
		return
	}
	n, _, err := d.inflate(p.room, p.segment)
	if err == nil && n > 0 {
		p.take(p.room[:n])
	}
}

func (p *piece) take(content []byte) {
	p.content = content
	p.entry = Entry{
		Offset: p.offset, Length: uint32(len(p.segment)), SHA256: sha256.Sum256(content),
		CRC: crc32.ChecksumIEEE(content), SegmentCRC: crc32.Checksum(p.segment, castagnoli),
	}
}

// zeroChunks returns how many whole zero chunks a segment stands for.
func zeroChunks(segment []byte) int64 {
	for n, known := range zeroSegments() {
		if n > 0 && bytes.Equal(segment, known) {
			return int64(n)
		}
	}
	return 0
}

// scan puts the pieces together, in the file's order.
type scan struct {
	f    *File
	sink Sink
	x    *Index
	next int64 // the chunk that comes next
	end  int64 // where in the file it starts
}

func (s *scan) add(p *piece) error {
	if p.offset < s.end {
		return nil // it was inside a segment
	}
	if p.zeros > 0 && s.next+p.zeros <= s.x.Size/ChunkSize {
		s.next += p.zeros
		s.end += int64(len(p.segment))
		return nil
	}
	if s.next >= Chunks(s.x.Size) {
		return damaged(-1, "there is more in it than its header says")
	}
	n := chunkLen(s.x.Size, s.next)
	if int64(len(p.content)) != n {
		if err := s.f.readOn(p, s.next, n); err != nil {
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

// readOn reads the segment that starts where the piece does, and is chunk of n
// bytes, to where it truly ends.
func (f *File) readOn(p *piece, chunk, n int64) error {
	p.segment = p.segment[:min(maxSegment/Align*Align, f.Header.FileSize-trailerLen-p.offset)]
	if m, err := f.r.ReadAt(p.segment, p.offset); m < len(p.segment) {
		if errors.Is(err, io.EOF) {
			return damaged(chunk, "the file ends within it")
		}
		return err
	}
	content := p.room[:n]
	d := newInflater()
	wrote, whole, err := d.inflate(content, p.segment)
	if err != nil && int64(wrote) != n {
		return damaged(chunk, "%v", err)
	}
	p.segment = p.segment[:whole]
	// What follows is the next segment: with it this one is full, or broken.
	if wrote, _, err = d.inflate(content, p.segment); err != nil {
		return damaged(chunk, "%v", err)
	}
	if int64(wrote) != n || whole%Align != 0 {
		return damaged(chunk, "%v: it is not %d bytes", errSegment, n)
	}
	p.take(content)
	return nil
}
