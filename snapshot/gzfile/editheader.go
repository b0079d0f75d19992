package gzfile

import "bytes"

// EditableFields holds the fields of a header that can change after the snapshot was
// written. All others describe the content and never change.
type EditableFields struct {
	Name, Description string
	Purpose           Purpose
	Pinned            bool
}

// EditableFields returns the fields of h that can change.
func (h Header) EditableFields() EditableFields {
	return EditableFields{h.Name, h.Description, h.Purpose, h.Pinned}
}

// EditHeader returns the header of f with its editable fields replaced, and its encoded
// bytes. These are as long as the current header if the new fields fit into it.
// Otherwise they are longer by a multiple of Align, the new header's FileSize grows by
// the same amount, and the whole file has to be rewritten with the same body.
// It returns ErrTooLong if the fields do not fit into any header.
func (f *File) EditHeader(to EditableFields) (Header, []byte, error) {
	h := f.Header
	h.Name, h.Description, h.Purpose, h.Pinned = to.Name, to.Description, to.Purpose, to.Pinned
	if head, err := h.encode(int(f.HeaderLen)); err == nil {
		return h, head, nil
	}
	length, err := h.encodedLen()
	if err != nil {
		return Header{}, nil, err
	}
	h.FileSize += int64(length) - f.HeaderLen
	head, err := h.encode(length)
	return h, head, err
}

// ShiftedBy returns the index of the file after its header has grown by n bytes.
func (x *Index) ShiftedBy(n int64) *Index {
	moved := *x
	moved.FileSize += n
	moved.Entries = make([]Entry, len(x.Entries))
	for i, e := range x.Entries {
		e.Offset += n
		moved.Entries[i] = e
	}
	return &moved
}

// MaxHeader is the maximum length of a header, in bytes.
const MaxHeader = maxHeader

// IsGzip reports whether a file that starts with b may be a gzip file.
func IsGzip(b []byte) bool { return bytes.HasPrefix(b, gzipStart[:3]) }
