package home

import "testing"

func TestFindRejectsInvalidUTF8(t *testing.T) {
	t.Setenv(EnvVar, "/srv/l\xe4tin")
	if dir, err := Find(); err == nil {
		t.Errorf("Find with invalid UTF-8 = %q, want an error", dir)
	}
	t.Setenv(EnvVar, "/srv/lätin")
	if dir, err := Find(); dir != "/srv/lätin" || err != nil {
		t.Errorf("Find = %q, %v; want /srv/lätin", dir, err)
	}
}
