package wire

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestBytesRoundTrip(t *testing.T) {
	want := Command{
		Args: ByteStrings{"rm", "l\xe4tin", "lätin", "\ufffd", "", `{"base64":"eA=="}`},
		Env:  ByteStrings{"A=\xff\x00b"},
		Dir:  "/tmp/\xe4",
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Command
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Args, want.Args) || !slices.Equal(got.Env, want.Env) || got.Dir != want.Dir {
		t.Errorf("round trip changed the command: got Args %+q, Env %+q, Dir %+q from %s", got.Args, got.Env, got.Dir, text)
	}
}

// Agents and hosts of version 1 exchange plain strings.
func TestBytesOfVersion1(t *testing.T) {
	const version1 = `{"args":["rm","lätin"],"env":["A=b"],"dir":"/tmp"}`
	c := Command{Args: ByteStrings{"rm", "lätin"}, Env: ByteStrings{"A=b"}, Dir: "/tmp"}
	text, err := json.Marshal(c)
	if err != nil || string(text) != version1 {
		t.Errorf("Marshal: got %s, %v; want plain strings", text, err)
	}
	var got Command
	if err := json.Unmarshal([]byte(version1), &got); err != nil || !slices.Equal(got.Args, c.Args) || got.Dir != c.Dir {
		t.Errorf("Unmarshal: unexpected Args %+q, Dir %+q or error %v", got.Args, got.Dir, err)
	}
	for _, bad := range []string{`{"args":[1]}`, `{"args":"rm"}`, `{"args":[{"base64":"!"}]}`, `{"dir":[]}`} {
		if json.Unmarshal([]byte(bad), &got) == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
