package fetch

import (
	"strings"
	"testing"
)

func TestShown(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.org/a.raw":              "https://example.org/a.raw",
		"https://me:secret@example.org/a@b?c=d@": "https://example.org/a@b?c=d@",
		"HTTP://token@example.org":               "HTTP://example.org",
		"http://a:b@c:d@host:80/x":               "http://host:80/x",
		"http://me:sec%ret@host/\x7f":            "http://host/\x7f",
		"http://me:secret@":                      "http://",
		"http://me:secret@host?a=@b":             "http://host?a=@b",
		"/a/me:secret@host":                      "/a/me:secret@host",
	} {
		if got := RedactURL(address); got != want {
			t.Errorf("RedactURL(%q) = %q, want %q", address, got, want)
		}
	}
}

// Errors about an invalid URL do not contain its password.
func TestErrorsContainNoPassword(t *testing.T) {
	for _, address := range []string{
		"http://me:sec%ret@host/", "http://me:secret@", "http://me:secret@127.0.0.1:1/", "http://me:secret@[::1/x", "http://me:secret@host:port/",
	} {
		_, err := (&Client{}).DownloadSmall(t.Context(), address, 1)
		if err == nil || strings.Contains(err.Error(), "sec") {
			t.Errorf("%q: got error %v, want one without the password", address, err)
		}
	}
}
