package guest_test

import (
	"bytes"
	"testing"

	"vmterminal/assets/guest"
)

func TestAgent(t *testing.T) {
	program, err := guest.Agent()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(program, []byte("\x7fELF")) || !bytes.Contains(program, []byte("org.vmterminal.agent")) {
		t.Errorf("got %d bytes that are not the agent", len(program))
	}
}
