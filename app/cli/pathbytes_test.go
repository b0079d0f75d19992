package cli

import (
	"encoding/json"
	"testing"

	"vmterminal/app"
	"vmterminal/app/guestfiles"
)

// TestPathsThatAreNotUTF8 checks that JSON output has the exact bytes of paths that are not
// UTF-8.
func TestPathsThatAreNotUTF8(t *testing.T) {
	for _, test := range []struct {
		paths         []string
		copied, tried string
	}{
		{
			[]string{"caf\u00e9"},
			`{"schema":1,"vm":"dev","files":0,"bytes":0,"skipped":["caf\u00e9"],"skipped_total":1}`,
			`[{"path":"caf\u00e9","change":"added","before":0,"after":1,"dir":false}]`,
		},
		{
			[]string{"a", "caf\xe9"},
			`{"schema":1,"vm":"dev","files":0,"bytes":0,"skipped":["a","caf\ufffd"],"skipped_bytes":["YQ==","Y2Fm6Q=="],"skipped_total":2}`,
			`[{"path":"a","change":"added","before":0,"after":1,"dir":false},{"path":"caf\ufffd","path_bytes":"Y2Fm6Q==","change":"added","before":0,"after":1,"dir":false}]`,
		},
	} {
		var changes []fileChangeView
		for _, p := range test.paths {
			changes = append(changes, fileChangeJSON(app.FileChange{Path: p, Kind: app.FileAdded, After: 1}))
		}
		for _, c := range []struct {
			view any
			want string
		}{
			{copiedJSON("dev", guestfiles.Copied{Skipped: test.paths, SkippedTotal: len(test.paths)}), test.copied},
			{changes, test.tried},
		} {
			got, err := json.Marshal(c.view)
			if err != nil || normalized(t, got) != normalized(t, []byte(c.want)) {
				t.Errorf("%q: got %s, %v; want %s", test.paths, got, err, c.want)
			}
		}
	}
}

// normalized returns JSON in a canonical form.
func normalized(t *testing.T, text []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
