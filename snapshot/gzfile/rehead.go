package gzfile

import "bytes"

// Rehead returns the header of f with other texts (name, description, pin), and
// the bytes to put in the place of the present ones. They are as long as those
// if the texts fit in; if not they are longer by a multiple of Align, and the
// new header's FileSize says so: such a file has to be written anew, with the
// same body behind. The error is ErrTooLong.
func (f *File) Rehead(name, description string, pinned bool) (Header, []byte, error) {
	h := f.Header
	h.Name, h.Description, h.Pinned = name, description, pinned
	if head, err := h.encode(int(f.headerLen)); err == nil {
		return h, head, nil
	}
	length, err := h.room()
	if err != nil {
		return Header{}, nil, err
	}
	h.FileSize += int64(length) - f.headerLen
	head, err := h.encode(length)
	return h, head, err
}

// HeaderLen is where the body starts in the file.
func (f *File) HeaderLen() int64 { return f.headerLen }

// Moved returns the index of a file whose header has become longer by n bytes.
func (x *Index) Moved(n int64) *Index {
	moved := *x
	moved.FileSize += n
	moved.Entries = make([]Entry, len(x.Entries))
	for i, e := range x.Entries {
		e.Offset += n
		moved.Entries[i] = e
	}
	return &moved
}

// MaxHeader is the longest header, in bytes.
const MaxHeader = maxHeader

// IsGzip tells whether a file that starts with b may be a gzip file.
func IsGzip(b []byte) bool { return bytes.HasPrefix(b, gzipStart[:3]) }
