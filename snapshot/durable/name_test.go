package durable

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"default": true, "before-upgrade": true, "working-2026-01-23": true, "v1.2_3": true,
		"测试机": true, "прод": true, "désert": true, "हिन्दी": true, "9": true,
		strings.Repeat("x", 100): true,

		"": false, strings.Repeat("x", 101): false, ".": false, "..": false, "../x": false,
		"a/b": false, `a\b`: false, "-rf": false, ".hidden": false, "_x": false, "a b": false,
		"a\nb": false, "a\x00b": false, "a\x1b[31m": false, "a:b": false, "a*": false,
		"a,b": false, "a\u202eb": false, "a\u200bb": false, "\xff": false, "de\u0301sert": false,
		"🙂": false, "\u0301a": false, "a$(x)": false, "a'b": false, `a"b`: false, "a%s": false,
	} {
		err := CheckName(name)
		if (err == nil) != good {
			t.Errorf("CheckName(%q) = %v, want valid = %v", name, err, good)
		}
		if err != nil && !errors.Is(err, ErrBadName) {
			t.Errorf("CheckName(%q) does not wrap ErrBadName: got error %v", name, err)
		}
	}
}

func TestSameName(t *testing.T) {
	for _, pair := range [][2]string{{"Dev", "dev"}, {"STRASSE", "straße"}, {"ÉTÉ", "été"}} {
		if !SameName(pair[0], pair[1]) {
			t.Errorf("SameName(%q, %q) = false, want true", pair[0], pair[1])
		}
	}
	if SameName("dev", "dev1") {
		t.Error("SameName(dev, dev1) = true, want false")
	}
}

func FuzzCheckName(f *testing.F) {
	f.Add("default")
	f.Add("a\u202eb")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, name string) {
		err := CheckName(name)
		if err == nil && (strings.ContainsAny(name, "/\\\x00\n\r\x1b ") || len(name) > MaxName || name[0] == '.' || name[0] == '-') {
			t.Errorf("CheckName(%q): got no error, want ErrBadName", name)
		}
		if err != nil {
			for _, r := range err.Error() {
				if r < ' ' || r > '~' || r == utf8.RuneError {
					t.Errorf("CheckName(%q): got error %q, want one that is safe to print", name, err)
					break
				}
			}
		}
	})
}
