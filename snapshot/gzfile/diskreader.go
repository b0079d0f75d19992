package gzfile

import (
	"container/list"
	"errors"
	"io"
	"runtime"
	"sort"
	"sync"
)

// A DiskReader reads the disk in a file in any order. It decompresses the chunks that a read
// needs, checks each one as [File.Decode] does, and caches the chunks used last. It
// implements [Source], and its methods may be called from several goroutines.
type DiskReader struct {
	f        *File
	x        *Index
	limit    int                // chunks in the cache
	decoders chan *chunkDecoder // limits how many chunks are decompressed at once

	mu     sync.Mutex
	chunks map[int64]*list.Element // of *cachedChunk
	used   *list.List              // of *cachedChunk, last used first
}

// A cachedChunk is a chunk that is in the cache or is being decompressed for it.
type cachedChunk struct {
	chunk   int64
	ready   chan struct{} // closed when content and err are set
	content []byte
	err     error
}

// chunkDecoder holds what decompressing a chunk needs.
type chunkDecoder struct {
	inflater inflater
	segment  []byte
}

// NewDiskReader returns a DiskReader that caches up to cache chunks. x must come from
// ReadIndex or Scan for this file. The error, if any, is a *Damage: the index does not give
// the CRC-32 at the end of the file.
func (f *File) NewDiskReader(x *Index, cache int) (*DiskReader, error) {
	if _, crc := x.computeSums(); !f.matchesCRC(crc) {
		return nil, wrongCRCError()
	}
	r := &DiskReader{
		f: f, x: x, limit: cache, decoders: make(chan *chunkDecoder, min(runtime.GOMAXPROCS(0), 4)),
		chunks: map[int64]*list.Element{}, used: list.New(),
	}
	for range cap(r.decoders) {
		r.decoders <- new(chunkDecoder)
	}
	return r, nil
}

// Size returns the disk's size in bytes.
func (r *DiskReader) Size() int64 { return r.x.Size }

// ReadAt implements io.ReaderAt. The error, if any, is a *Damage, the file's or io.EOF; after
// an error the contents of p are undefined. A chunk that could not be read is tried again by
// the next read.
func (r *DiskReader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	for n < len(p) {
		at := off + int64(n)
		if at >= r.x.Size {
			return n, io.EOF
		}
		chunk, within := at/ChunkSize, at%ChunkSize
		part := p[n:min(int64(len(p)), int64(n)+chunkLen(r.x.Size, chunk)-within)]
		if e := r.entry(chunk); e == nil {
			clear(part)
		} else if content, err := r.load(e); err != nil {
			return n, err
		} else {
			copy(part, content[within:])
		}
		n += len(part)
	}
	return n, nil
}

// NextData implements [Source]: chunks without an entry in the index are not data.
func (r *DiskReader) NextData(off int64) (start, end int64, err error) {
	entries := r.x.Entries
	at := r.search(off / ChunkSize)
	if off >= r.x.Size || at == len(entries) {
		return r.x.Size, r.x.Size, nil
	}
	last := at
	for last+1 < len(entries) && entries[last+1].Chunk == entries[last].Chunk+1 {
		last++
	}
	start = max(off, entries[at].Chunk*ChunkSize)
	return start, min((entries[last].Chunk+1)*ChunkSize, r.x.Size), nil
}

// search returns the position of the first entry at or after a chunk.
func (r *DiskReader) search(chunk int64) int {
	return sort.Search(len(r.x.Entries), func(i int) bool { return r.x.Entries[i].Chunk >= chunk })
}

// entry returns the entry of a chunk, or nil if the chunk is zeros.
func (r *DiskReader) entry(chunk int64) *Entry {
	if at := r.search(chunk); at < len(r.x.Entries) && r.x.Entries[at].Chunk == chunk {
		return &r.x.Entries[at]
	}
	return nil
}

// load returns the content of a chunk, which must not be changed. Concurrent calls for the
// same chunk decompress it once.
func (r *DiskReader) load(e *Entry) ([]byte, error) {
	r.mu.Lock()
	if el, ok := r.chunks[e.Chunk]; ok {
		r.used.MoveToFront(el)
		r.mu.Unlock()
		c := el.Value.(*cachedChunk)
		<-c.ready
		return c.content, c.err
	}
	c := &cachedChunk{chunk: e.Chunk, ready: make(chan struct{})}
	r.chunks[e.Chunk] = r.used.PushFront(c)
	if r.used.Len() > r.limit {
		r.remove(r.used.Back())
	}
	r.mu.Unlock()

	c.content, c.err = r.decode(e)
	if c.err != nil {
		r.mu.Lock()
		if el, ok := r.chunks[e.Chunk]; ok && el.Value == c {
			r.remove(el)
		}
		r.mu.Unlock()
	}
	close(c.ready)
	return c.content, c.err
}

// remove removes a chunk from the cache. The caller must hold mu.
func (r *DiskReader) remove(el *list.Element) {
	delete(r.chunks, r.used.Remove(el).(*cachedChunk).chunk)
}

func (r *DiskReader) decode(e *Entry) ([]byte, error) {
	d := <-r.decoders
	defer func() { r.decoders <- d }()
	if d.segment == nil {
		d.segment = make([]byte, maxSegment)
	}
	content := make([]byte, chunkLen(r.x.Size, e.Chunk))
	if err := r.f.readChunk(&d.inflater, content, d.segment, e); err != nil {
		return nil, err
	}
	return content, nil
}
