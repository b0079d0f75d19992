package debian

import (
	"os"
	"path/filepath"
	"testing"
)

func TestHostMirrors(t *testing.T) {
	for name, c := range map[string]struct {
		list, sources string
		want, guest   mirrors
	}{
		"none": {want: publicMirrors, guest: publicMirrors},
		"lines": {
			list: "# deb http://old/debian bookworm main\n" +
				"deb-src http://source/debian bookworm main\n" +
				"deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://near/debian/ bookworm main contrib # here\n" +
				"deb http://near/security bookworm-security main\n",
			want:  mirrors{"http://near/debian", "http://near/security"},
			guest: mirrors{"http://near/debian", "http://near/security"},
		},
		"another release's, before the right one": {
			list:  "deb http://other/debian trixie main\ndeb http://near/debian bookworm main\ndeb http://later/debian bookworm main\n",
			want:  mirrors{"http://near/debian", publicMirrors.security},
			guest: mirrors{"http://near/debian", publicMirrors.security},
		},
		"stanzas": {
			sources: "Types: deb\n# a word\nURIs: http://near/debian\nSuites: bookworm\n bookworm-updates\nComponents: main\n\n" +
				"Types: deb deb-src\nURIs: http://near/security\nSuites: bookworm-security\nComponents: main\n",
			want:  mirrors{"http://near/debian", "http://near/security"},
			guest: mirrors{"http://near/debian", "http://near/security"},
		},
		"switched off": {
			sources: "Enabled: no\nTypes: deb\nURIs: http://near/debian\nSuites: bookworm\nComponents: main\n",
			want:    publicMirrors, guest: publicMirrors,
		},
		"of another system": {
			list: "deb http://archive.ubuntu.com/ubuntu jammy main\ndeb http://x/apt stable-thing main\n" +
				"deb file:/srv/mirror bookworm main\ndeb http://x/debian bookworm contrib\n",
			want: publicMirrors, guest: publicMirrors,
		},
		"for this computer alone": {
			list:  "deb http://localhost:3142/debian bookworm main\ndeb http://user:secret@near/security bookworm-security main\n",
			want:  mirrors{"http://localhost:3142/debian", "http://user:secret@near/security"},
			guest: publicMirrors,
		},
		"by its address": {
			list:  "deb http://127.0.0.1/debian bookworm main\n",
			want:  mirrors{"http://127.0.0.1/debian", publicMirrors.security},
			guest: publicMirrors,
		},
		"broken": {
			list: "deb\ndeb [ http://x bookworm main\ndeb http://x\n", sources: " lost\nURIs\nTypes: deb\nSuites: bookworm\n",
			want: publicMirrors, guest: publicMirrors,
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "etc/apt/sources.list"), c.list)
			write(t, filepath.Join(root, "etc/apt/sources.list.d/debian.sources"), c.sources)
			got := hostMirrors(root, "bookworm")
			if got != c.want {
				t.Errorf("hostMirrors = %+v, want %+v", got, c.want)
			}
			if guest := got.forGuest(); guest != c.guest {
				t.Errorf("forGuest = %+v, want %+v", guest, c.guest)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHostRelease(t *testing.T) {
	for text, want := range map[string]string{
		"ID=debian\nVERSION_CODENAME=bookworm\n":     "bookworm",
		"VERSION_CODENAME=\"trixie\"\nID='debian'\n": "trixie",
		"ID=debian\nVERSION_CODENAME=jessie\n":       "",
		"ID=ubuntu\nVERSION_CODENAME=bookworm\n":     "",
		"":                                           "",
	} {
		root := t.TempDir()
		write(t, filepath.Join(root, "etc/os-release"), text)
		if got := hostRelease(root); got != want {
			t.Errorf("hostRelease with os-release %q = %q, want %q", text, got, want)
		}
	}
}
