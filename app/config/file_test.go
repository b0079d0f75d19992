package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigErrorNamesLine(t *testing.T) {
	for text, want := range map[string]string{
		"cpus: 2\nmemory: [1]\n":         "line 2: \"memory\" needs a single value",
		"cpus: 2\ncpus: 3\n":             "line 2: \"cpus\" is set twice",
		"cpus:\n":                        "line 1: \"cpus\" needs a single value",
		"\n\ncpus: zero\n":               "line 3: \"zero\" is not a valid setting for cpus: a whole number",
		"cpus: 65\n":                     "line 1: 65 is not a valid setting for CPUs: between 1 and 64",
		"snapshot-keep: 0\n":             "line 1: 0 is not a valid setting for the number of automatic snapshots to keep",
		"snapshot-every: -5m\n":          "line 1: \"-5m\" is not a valid setting for snapshot-every",
		"snapshot-every: 5s\n":           "line 1: 5 seconds is not a valid setting for the snapshot interval",
		"snapshot-every: 0s\n":           "line 1: \"0s\" is not a valid setting",
		"cpus: 2\ncolor: red\n":          "line 2: \"color\" is not a setting; the settings are cpus,",
		"cpus: 2\n\tmemory: 512\n":       "line 2: ",
		"cpus: 2\n--- \ncpus: 3\n":       "line 2: only one YAML document",
		"- cpus\n":                       "line 1: the file must consist of lines like",
		"cpus: 2\naccel: \x1b[31mkvm\n":  "line 2: it is not valid text",
		"cpus: 2\naccel: \xff\n":         "line 2: it is not valid text",
		"cpus: &n 2\nmemory: *n\n":       "line 2: \"memory\" needs a single value",
		"cpus: \"2\nmemory: 512\n":       "line ",
		"<<: {cpus: 2}\n":                "line 1: ",
		"accel: \"\\e[31mred\\u202e\"\n": `line 1: "\x1b[31mred\u202e" is not a valid setting for the accelerator`,
	} {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), path+", "+want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestConfigFormats(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "512",
		"# nothing yet\n":                  "512",
		"---\nmemory: 1024\n...\n":         "1024",
		"{cpus: 1, memory: 300}":           "300",
		"memory: '2048' # quoted\r\n":      "2048",
		"\"memory\": 96\nsnapshot-keep: 3": "96",
		"\ufeffmemory: 97\n":               "97",
	} {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Read(path)
		if err != nil {
			t.Errorf("%q: got %v, want no error", text, err)
			continue
		}
		if got := c.Settings()[1]; got.Key != "memory" || got.Value != want || got.BuiltIn != "512" {
			t.Errorf("%q: got %+v, want the value %s", text, got, want)
		}
	}
}

func TestConfigRejectsIrregularFiles(t *testing.T) {
	if _, err := Read(t.TempDir()); !errors.Is(err, ErrFile) {
		t.Errorf("folder: got %v, want ErrFile", err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, make([]byte, maxFileSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, ErrFile) {
		t.Errorf("large file: got %v, want ErrFile", err)
	}
}

// A changed file can be read again, no matter what it contained before.
func FuzzConfig(f *testing.F) {
	f.Add([]byte("# mine\ncpus: 2 # cores\n\nmemory: 4096\n# end\n"), "4", true)
	f.Add([]byte("{cpus: 1}"), "64", true)
	f.Add([]byte("cpus: |\n  2\n"), "3", false)
	f.Add([]byte("? cpus\n: 2\n"), "3", false)
	f.Add([]byte("%YAML 1.1\n--- !!map\ncpus: !!int 2\n"), "3", true)
	f.Fuzz(func(t *testing.T, text []byte, value string, set bool) {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Read(path)
		if err != nil {
			return
		}
		before := c.Settings()
		if set {
			err = c.Set("cpus", value)
		} else {
			err = c.Unset("cpus")
		}
		if err != nil {
			return
		}
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
		again, err := Read(path)
		if err != nil {
			t.Fatalf("%q became %q, which cannot be read: %v", text, c.text, err)
		}
		after := again.Settings()
		if after[0].Set != set || set && after[0].Value != c.Settings()[0].Value {
			t.Fatalf("%q became %q: got cpus %+v, want the change", text, c.text, after[0])
		}
		for i := range before[1:] {
			if before[i+1] != after[i+1] {
				t.Fatalf("%q became %q: %+v became %+v, want no change", text, c.text, before[i+1], after[i+1])
			}
		}
	})
}
