package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// Page holds the objects and commands that docs/json.md documents, for tests.
type Page struct {
	objects  map[string]map[string]field
	commands map[string]map[string]field
}

// field is a documented field.
type field struct {
	optional bool
	kind     string // string, number, boolean, time, list, or the name of an object
	list     bool   // a list of objects of this kind
}

var (
	pageRow     = regexp.MustCompile("^\\| `([^`]+)` \\| ([^|]+?) \\|")
	pageCommand = regexp.MustCompile("^\\| `?([^`|]+?)`? \\| ([^|]+?) \\|")
	pageField   = regexp.MustCompile("`([a-z_]+)(\\?)?`(: list of|:)?(?: \\[([a-z]+)\\])?")
	pageKind    = regexp.MustCompile(`^\[?([a-z]+)\]?`)
)

// ReadPage parses the page at path.
func ReadPage(path string) (Page, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Page{}, err
	}
	p := Page{map[string]map[string]field{}, map[string]map[string]field{}}
	commands, objects, found := strings.Cut(string(text), "\n## Objects\n")
	if !found {
		return Page{}, fmt.Errorf("%s: no section Objects", path)
	}
	var of map[string]field
	for line := range strings.Lines(objects) {
		if name, ok := strings.CutPrefix(line, "### "); ok {
			of = map[string]field{}
			p.objects[strings.TrimSpace(name)] = of
		} else if row := pageRow.FindStringSubmatch(line); row != nil {
			name, optional := strings.CutSuffix(row[1], "?")
			of[name] = field{optional: optional, kind: pageKind.FindStringSubmatch(row[2])[1]}
		}
	}
	for line := range strings.Lines(commands) {
		if row := pageCommand.FindStringSubmatch(line); row != nil {
			p.commands[row[1]] = p.fieldsIn(row[2])
		}
	}
	return p, nil
}

// fieldsIn returns the fields that the row of a command lists.
func (p Page) fieldsIn(row string) map[string]field {
	fields := map[string]field{}
	for _, f := range pageField.FindAllStringSubmatch(row, -1) {
		fields[f[1]] = field{optional: f[2] != "", kind: f[4], list: strings.Contains(f[3], "list")}
	}
	if _, object, ok := strings.Cut(row, "the fields of ["); ok {
		object, _, _ = strings.Cut(object, "]")
		maps.Copy(fields, p.objects[object])
	}
	return fields
}

// Check returns an error if a line of a command's output does not match the page.
func (p Page) Check(command, line string) error {
	fields, ok := p.commands[command]
	if !ok {
		return fmt.Errorf("command %q is not documented", command)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		return err
	}
	return p.compare(command, got, fields)
}

func (p Page) compare(what string, got map[string]any, fields map[string]field) error {
	for name, value := range got {
		f, ok := fields[name]
		if !ok {
			return fmt.Errorf("%s: %q is not documented", what, name)
		}
		if err := p.compareValue(what+"."+name, value, f); err != nil {
			return err
		}
	}
	for name, f := range fields {
		if _, ok := got[name]; !ok && !f.optional {
			return fmt.Errorf("%s: %q is documented but missing", what, name)
		}
	}
	return nil
}

func (p Page) compareValue(what string, value any, f field) error {
	object, isObject := p.objects[f.kind]
	switch v := value.(type) {
	case map[string]any:
		if isObject && !f.list {
			return p.compare(what, v, object)
		}
	case []any:
		if !f.list && (f.kind == "" || f.kind == "list") {
			return nil
		}
		for i, item := range v {
			m, ok := item.(map[string]any)
			if !ok || !isObject || !f.list {
				return fmt.Errorf("%s is a list, not %s", what, f.kind)
			}
			if err := p.compare(fmt.Sprintf("%s[%d]", what, i), m, object); err != nil {
				return err
			}
		}
		return nil
	case string:
		_, err := time.Parse(time.RFC3339Nano, v)
		if f.kind == "" || f.kind == "string" || f.kind == "time" && err == nil && strings.HasSuffix(v, "Z") {
			return nil
		}
	case float64:
		if f.kind == "" || f.kind == "number" {
			return nil
		}
	case bool:
		if f.kind == "" || f.kind == "boolean" {
			return nil
		}
	case nil:
		if isObject && what == "snapshot auto.automatic" {
			return nil
		}
	}
	return fmt.Errorf("%s is %v, want %q", what, value, f.kind)
}

func page(t *testing.T) Page {
	t.Helper()
	p, err := ReadPage("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPageNamesTheFieldsOfTheViews checks that the page and the view types have the same
// fields.
func TestPageNamesTheFieldsOfTheViews(t *testing.T) {
	views := map[string]any{
		"vm": vmView{}, "automatic": automaticView{}, "snapshot": snapshotView{}, "undo": undoView{},
		"verified": verifiedView{}, "job": jobView{}, "setting": settingView{}, "check": checkView{},
		"error": errorJSON{}, "progress": progressView{}, "change": fileChangeView{},
		"image": imageView{}, "system": systemView{}, "built": builtView{}, "download": unfinishedDownloadView{},
		"outcome": endedJobView{}, "storage": storageView{}, "forward": forwardView{}, "share": shareView{},
		"exit":    exitReasonView{},
		"filling": fillingView{},
	}
	p := page(t)
	for name, view := range views {
		want := map[string]bool{}
		typ := reflect.TypeOf(view)
		for i := range typ.NumField() {
			tag, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			want[tag] = options == "omitempty"
		}
		got := map[string]bool{}
		for field, f := range p.objects[name] {
			got[field] = f.optional
		}
		if !maps.Equal(got, want) {
			t.Errorf("fields of %s: got %v on the page, want %v", name, got, want)
		}
	}
	if len(p.objects) != len(views) {
		t.Errorf("got %d objects on the page, want %d", len(p.objects), len(views))
	}
}

// mute lists the commands without JSON output.
var mute = []string{"shell", "exec", "ssh", "console", "logs", "job wait", "completion"}

// TestPageHasEveryCommand checks that each command is on the page, and that a script compares
// the command's output with the page.
func TestPageHasEveryCommand(t *testing.T) {
	p, scripts := page(t), ""
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts += string(text)
	}
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		name := strings.TrimPrefix(cmd.CommandPath(), "vmterminal ")
		if cmd.HasSubCommands() || slices.Contains(mute, name) || strings.HasPrefix(name, "pkg ") {
			return
		}
		if _, ok := p.commands[name]; !ok {
			t.Error("the command is not on the page")
		}
		if !strings.Contains(scripts, "documented '"+name+"'\n") {
			t.Error("no script compares its output with the page")
		}
	})
}

func TestPageFindsWhatDiffers(t *testing.T) {
	p := page(t)
	for line, want := range map[string]string{
		`{"schema":1,"version":"1"}`:           "",
		`{"schema":1,"version":"1","more":1}`:  `"more" is not documented`,
		`{"schema":1}`:                         `"version" is documented but missing`,
		`{"schema":1,"version":"1"`:            "unexpected end",
		`{"schema":1,"version":{"major":"1"}}`: "version.version is map",
	} {
		err := p.Check("version", line)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", line, err, want)
		}
	}
	const job = `{"schema":1,"jobs":[{"vm":"dev","pid":%s,"doing":"x","since":%q}]}`
	if err := p.Check("job list", fmt.Sprintf(job, "7", "2026-01-01T00:00:00Z")); err != nil {
		t.Error(err)
	}
	if p.Check("job list", fmt.Sprintf(job, `"7"`, "2026-01-01T00:00:00Z")) == nil {
		t.Error("a string is accepted as a number")
	}
	if p.Check("job list", fmt.Sprintf(job, "7", "2026-01-01T00:00:00+01:00")) == nil {
		t.Error("a local time is accepted")
	}
}
