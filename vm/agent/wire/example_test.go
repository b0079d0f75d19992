package wire_test

import (
	"fmt"

	"vmterminal/vm/agent/wire"
)

// Frames are found in a stream that may contain other bytes.
func ExampleDecoder() {
	stream := []byte("console noise")
	stream = wire.Frame{Kind: wire.Data, Channel: wire.Stdout, Stream: 1, Payload: []byte("hello")}.Append(stream)
	stream = wire.Frame{Kind: wire.End, Channel: wire.Stdout, Stream: 1}.Append(stream)

	var d wire.Decoder
	d.Feed(stream)
	for frame, ok := d.Next(); ok; frame, ok = d.Next() {
		fmt.Printf("stream %d, end %t: %q\n", frame.Stream, frame.Kind == wire.End, frame.Payload)
	}
	// Output:
	// stream 1, end false: "hello"
	// stream 1, end true: ""
}
