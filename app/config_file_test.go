package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigNamesTheLineThatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"cpus: 2\nmemory: [1]\n":         "line 2: \"memory\" needs one plain value",
		"cpus: 2\ncpus: 3\n":             "line 2: \"cpus\" is there twice",
		"cpus:\n":                        "line 1: \"cpus\" needs one plain value",
		"\n\ncpus: zero\n":               "line 3: \"zero\" is not a valid setting for cpus: a whole number",
		"cpus: 65\n":                     "line 1: 65 is not a valid setting for CPUs: between 1 and 64",
		"snapshot-keep: 0\n":             "line 1: to keep 0 is not a valid setting",
		"snapshot-every: -5m\n":          "line 1: every -300 seconds is not a valid setting",
		"snapshot-every: 0s\n":           "line 1: \"0s\" is not a valid setting",
		"cpus: 2\ncolour: red\n":         "line 2: \"colour\" is no setting; there are cpus,",
		"cpus: 2\n\tmemory: 512\n":       "line 2: ",
		"cpus: 2\n--- \ncpus: 3\n":       "line 2: only one document",
		"- cpus\n":                       "line 1: it must be lines like",
		"cpus: 2\naccel: \x1b[31mkvm\n":  "line 2: it is no text",
		"cpus: 2\naccel: \xff\n":         "line 2: it is no text",
		"cpus: &n 2\nmemory: *n\n":       "line 2: \"memory\" needs one plain value",
		"cpus: \"2\nmemory: 512\n":       "line ",
		"<<: {cpus: 2}\n":                "line 1: ",
		"accel: \"\\e[31mred\\u202e\"\n": `line 1: "\x1b[31mred\u202e" is not a valid setting for the accelerator`,
	} {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readConfig(path)
		if !errors.Is(err, errConfigFile) || !strings.Contains(err.Error(), path+", "+want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestConfigIsReadInAllItsForms(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "512",
		"# nothing yet\n":                  "512",
		"---\nmemory: 1024\n...\n":         "1024",
		"{cpus: 1, memory: 300}":           "300",
		"memory: '2048' # quoted\r\n":      "2048",
		"\"memory\": 96\nsnapshot-keep: 3": "96",
	} {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := readConfig(path)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := c.settings()[1]; got.Key != "memory" || got.Value != want || got.BuiltIn != "512" {
			t.Errorf("%q: %+v, want %s", text, got, want)
		}
	}
}

func TestConfigIsNoFolderAndNoEndlessFile(t *testing.T) {
	if _, err := readConfig(t.TempDir()); !errors.Is(err, errConfigFile) {
		t.Errorf("a folder: %v", err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, make([]byte, maxConfig+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readConfig(path); !errors.Is(err, errConfigFile) {
		t.Errorf("a large file: %v", err)
	}
}

// What is set, unset and saved can be read again, whatever the file was before;
// a file that cannot be read is never written.
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
		c, err := readConfig(path)
		if err != nil {
			return
		}
		before := c.settings()
		if set {
			err = c.set("cpus", value)
		} else {
			err = c.unset("cpus")
		}
		if err != nil {
			return
		}
		if err := c.save(); err != nil {
			t.Fatal(err)
		}
		again, err := readConfig(path)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, c.text, err)
		}
		after := again.settings()
		if after[0].Set != set || set && after[0].Value != c.settings()[0].Value {
			t.Fatalf("%q became %q: cpus is %+v", text, c.text, after[0])
		}
		for i := range before[1:] {
			if before[i+1] != after[i+1] {
				t.Fatalf("%q became %q: %+v became %+v", text, c.text, before[i+1], after[i+1])
			}
		}
	})
}
