package wire

import (
	"encoding/json"
	"unicode/utf8"
)

// BytesVersion is the first Version of the protocol that supports Bytes that are not
// valid UTF-8.
const BytesVersion = 2

// Bytes is a string that may hold any bytes, such as a path. Its JSON is a plain
// string if it is valid UTF-8, and otherwise an object: {"base64": "bOR0aW4="}.
type Bytes string

type encodedBytes struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements [json.Marshaler].
func (b Bytes) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(b)) {
		return json.Marshal(string(b))
	}
	return json.Marshal(encodedBytes{[]byte(b)})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (b *Bytes) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		var e encodedBytes
		err := json.Unmarshal(text, &e)
		*b = Bytes(e.Base64)
		return err
	}
	return json.Unmarshal(text, (*string)(b))
}

// ByteStrings is a list of strings that are encoded like Bytes.
type ByteStrings []string

// MarshalJSON implements [json.Marshaler].
func (list ByteStrings) MarshalJSON() ([]byte, error) {
	if list == nil {
		return []byte("null"), nil
	}
	encoded := make([]Bytes, len(list))
	for i, s := range list {
		encoded[i] = Bytes(s)
	}
	return json.Marshal(encoded)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (list *ByteStrings) UnmarshalJSON(text []byte) error {
	var encoded []Bytes
	if err := json.Unmarshal(text, &encoded); err != nil {
		return err
	}
	*list = nil
	for _, b := range encoded {
		*list = append(*list, string(b))
	}
	return nil
}
