package app

import "testing"

func TestPhrase(t *testing.T) {
	vm := phrase("VM '%s'", "50%s")
	for _, test := range []struct {
		is            Phrase
		format, whole string
		values        int
	}{
		{phrase("list"), "list", "list", 0},
		{phrase("copy %s", "a%d"), "copy %s", "copy a%d", 1},
		{phrase("take %s of %s", "x", vm), "take %s of VM '%s'", "take x of VM '50%s'", 2},
		{phrase("%s", phrase("undo %s of %s", vm, "y")), "undo VM '%s' of %s", "undo VM '50%s' of y", 2},
		{phrase("%s packages", PackageInstall), "%s packages", "install packages", 1},
	} {
		if test.is.Format != test.format || test.is.String() != test.whole || len(test.is.Args) != test.values {
			t.Errorf("%+v, %q", test.is, test.is)
		}
	}
}
