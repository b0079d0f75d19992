package wire

import "encoding/binary"

// SizePayload returns the payload of a Resize.
func SizePayload(columns, rows uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, columns), rows)
}

// ParseSize parses the payload of a Resize; ok is false if it is invalid.
func ParseSize(payload []byte) (columns, rows uint16, ok bool) {
	if len(payload) != 4 {
		return 0, 0, false
	}
	columns, rows = binary.BigEndian.Uint16(payload), binary.BigEndian.Uint16(payload[2:])
	return columns, rows, columns > 0 && rows > 0
}
