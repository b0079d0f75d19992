package durable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrJSON is matched by every *JSONError.
var ErrJSON = errors.New("not readable as JSON of this program")

// A JSONError locates text in a file that cannot be decoded. It matches ErrJSON.
type JSONError struct {
	Path string
	Line int // from 1
	// Field is the member with the wrong value, or "" if the text is not JSON at all.
	Field string
	Err   error
}

func (e *JSONError) Error() string {
	where := fmt.Sprintf("%s, line %d: ", e.Path, e.Line)
	if e.Field != "" {
		where += e.Field + ": "
	}
	return where + e.Err.Error()
}

// Unwrap returns the cause.
func (e *JSONError) Unwrap() error { return e.Err }

// Is reports whether target is ErrJSON.
func (e *JSONError) Is(target error) bool { return target == ErrJSON }

// byteOrderMark is written by some editors at the start of UTF-8 text.
var byteOrderMark = []byte("\ufeff")

// TrimBOM returns text without a leading byte-order mark.
func TrimBOM(text []byte) []byte { return bytes.TrimPrefix(text, byteOrderMark) }

// ParseJSON decodes the contents of the file at path into v, with or without a byte-order
// mark. The error, if any, is a *JSONError.
func ParseJSON(path string, data []byte, v any) error {
	data = TrimBOM(data)
	if err := json.Unmarshal(data, v); err != nil {
		return jsonError(path, data, 0, "", err)
	}
	return nil
}

// A JSONRow is one element of the list in a file.
type JSONRow[T any] struct {
	// Value contains the members that could be decoded.
	Value T
	// Raw is the text of the element, which starts on Line.
	Raw  json.RawMessage
	Line int
	// Err describes the first member that could not be decoded. It is nil if all could.
	Err *JSONError
}

// ParseJSONRows decodes a file of the form {"version": 1, NAME: [...]}, where NAME is the
// value of name. An element with a wrong value is reported in its row and does not affect
// the others. If the file itself cannot be decoded, the error is a *JSONError, and rows
// contains the elements before it.
func ParseJSONRows[T any](path string, data []byte, name string) (version int, rows []JSONRow[T], err error) {
	data = TrimBOM(data)
	var header struct{ Version int }
	_ = json.Unmarshal(data, &header) // a newer version's list may have another form
	version = header.Version
	dec := json.NewDecoder(bytes.NewReader(data))
	failed := func(field string, err error) (int, []JSONRow[T], error) {
		return version, rows, jsonError(path, data, int(dec.InputOffset()), field, err)
	}
	if err := expectDelim(dec, '{'); err != nil {
		return failed("", err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return failed("", err)
		}
		switch key {
		case "version":
			if err := dec.Decode(&version); err != nil {
				return failed("version", err)
			}
		case name:
			if err := expectDelim(dec, '['); err != nil {
				return failed(name, err)
			}
			for dec.More() {
				var raw json.RawMessage
				if err := dec.Decode(&raw); err != nil {
					return failed("", err)
				}
				rows = append(rows, parseRow[T](path, data, int(dec.InputOffset())-len(raw), raw))
			}
			if err := expectDelim(dec, ']'); err != nil {
				return failed("", err)
			}
		default:
			var other json.RawMessage
			if err := dec.Decode(&other); err != nil {
				return failed("", err)
			}
		}
	}
	if err := expectDelim(dec, '}'); err != nil {
		return failed("", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return failed("", errors.New("text after the end"))
	}
	if version < 1 {
		return version, rows, &JSONError{path, 1, "version", errors.New("missing")}
	}
	return version, rows, nil
}

// expectDelim reads a delimiter, and returns an error if it is not want.
func expectDelim(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if err == nil && got != want {
		err = fmt.Errorf("%.40q instead of %q", fmt.Sprint(got), want.String())
	}
	return err
}

// parseRow decodes an element that begins at offset start of the file. If it cannot be
// decoded as a whole, parseRow decodes each member on its own.
func parseRow[T any](path string, file []byte, start int, raw json.RawMessage) JSONRow[T] {
	row := JSONRow[T]{Raw: raw, Line: 1 + bytes.Count(file[:start], []byte{'\n'})}
	whole := json.Unmarshal(raw, &row.Value)
	if whole == nil && raw[0] == '{' {
		return row
	}
	row = JSONRow[T]{Raw: raw, Line: row.Line}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := expectDelim(dec, '{'); err != nil {
		row.Err = jsonError(path, file, start, "", err)
		return row
	}
	var good [][]byte
	for dec.More() {
		var value json.RawMessage
		key, err := dec.Token()
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			break // impossible, as it was decoded before
		}
		member := append(append(mustMarshal(key), ':'), value...)
		var alone T
		if err := json.Unmarshal(encodeObject(member), &alone); err == nil {
			good = append(good, member)
		} else if row.Err == nil {
			row.Err = jsonError(path, file, start+int(dec.InputOffset())-len(value), fmt.Sprint(key), err)
		}
	}
	if row.Err == nil {
		row.Err = jsonError(path, file, start, "", whole)
	}
	_ = json.Unmarshal(encodeObject(good...), &row.Value) // cannot fail, as each member was decoded
	return row
}

func encodeObject(members ...[]byte) []byte {
	return append(append([]byte{'{'}, bytes.Join(members, []byte{','})...), '}')
}

// mustMarshal encodes a member's name.
func mustMarshal(name any) []byte {
	text, _ := json.Marshal(name)
	return text
}

// jsonError returns the *JSONError for err, an error from decoding the text at offset start
// of a file.
func jsonError(path string, file []byte, start int, field string, err error) *JSONError {
	at := start
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = max(start, int(syntax.Offset))
	case errors.As(err, &wrong):
		if field == "" {
			at = start + int(wrong.Offset)
		}
		if wrong.Field != "" {
			field = wrong.Field
		}
		value, _, _ := strings.Cut(wrong.Value, " ")
		err = fmt.Errorf("%s instead of %s", value, jsonTypeName(wrong))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		at, err = len(file), errors.New("the file ends too early")
	}
	return &JSONError{path, 1 + bytes.Count(file[:min(at, len(file))], []byte{'\n'}), field, err}
}

func jsonTypeName(e *json.UnmarshalTypeError) string {
	switch kind := e.Type.Kind().String(); {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"), strings.HasPrefix(kind, "float"):
		return "number"
	case kind == "slice":
		return "array"
	case kind == "struct", kind == "map":
		return "object"
	default:
		return kind
	}
}
