package client

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

func TestRemoteErrorRoundTrip(t *testing.T) {
	for _, c := range errorCodes {
		got := NewRemoteError(errors.Join(errors.New("some words"), c.is))
		want := (&RemoteError{Code: c.code}).Unwrap() // the first error with the code
		if got.Code != c.code || !errors.Is(got, want) || !strings.Contains(got.Error(), "some words") {
			t.Errorf("%v became %+v, want code %s and %v", c.is, got, c.code, want)
		}
	}
	if got := NewRemoteError(syscall.EIO); got.Code != "" || got.Unwrap() != nil {
		t.Errorf("an error without a code became %+v, want no code", got)
	}
}
