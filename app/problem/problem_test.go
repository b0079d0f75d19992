package problem

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// constants returns the values of the package's constants that have the given type.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	var found []string
	for _, file := range []string{"code.go", "note.go", "operation.go", "problem.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typeName {
				text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				found = append(found, text)
			}
			return true
		})
	}
	slices.Sort(found)
	return found
}

func sorted[T ~string](codes []T) []string {
	var all []string
	for _, c := range codes {
		all = append(all, string(c))
	}
	slices.Sort(all)
	return all
}

// The lists contain every constant exactly once, in lower snake case.
func TestListsAreComplete(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for name, list := range map[string][]string{
		"Code": sorted(Codes()), "OperationCode": sorted(Operations), "StateCode": sorted(States()), "NoteCode": sorted(Notes()),
	} {
		if want := constants(t, name); !slices.Equal(list, want) || len(list) != len(slices.Compact(slices.Clone(list))) {
			t.Errorf("%s: got %q, want %q", name, list, want)
		}
		for _, code := range list {
			if !snake.MatchString(code) {
				t.Errorf("%s %q is not in lower snake case", name, code)
			}
		}
	}
}

func TestProblemJSON(t *testing.T) {
	p := Problem{
		Code: ToolMissing, Operation: Operation{Code: OpVMStart, VM: "dev"},
		Disk: []State{{Code: DiskUnchanged}, {Code: DownloadKept, Bytes: 5}}, Tools: []string{"ssh"}, Cause: "no", Exit: 1,
	}
	const want = `{"code":"tool_missing","operation":{"code":"vm_start","vm":"dev"},` +
		`"disk":[{"code":"disk_unchanged"},{"code":"download_kept","bytes":5}],"tools":["ssh"],"cause":"no","exit":1}`
	text, err := json.Marshal(p)
	if err != nil || string(text) != want {
		t.Errorf("got %s, error %v, want %s", text, err, want)
	}
	var back Problem
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("got %+v, error %v, want %+v", back, err, p)
	}
}

func TestMapReachesEveryText(t *testing.T) {
	var p Problem
	fill(reflect.ValueOf(&p).Elem())
	text, err := json.Marshal(p.Map(strings.ToUpper))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `:"x"`) || strings.Contains(string(text), `["x"`) {
		t.Errorf("got %s, want every text mapped", text)
	}
}

// fill sets every string in v to x.
func fill(v reflect.Value) {
	if v.Kind() == reflect.String {
		v.SetString("x")
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	}
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	}
}

func TestLine(t *testing.T) {
	for want, parts := range map[string][]string{
		"a":           {"a", ""},
		"a: b":        {"a", "b", "", ""},
		"a: b. C. d":  {"a", "b", "C.", "d"},
		"a: b? C. D.": {"a", "b?", "C", "D."},
	} {
		if got := Line(parts[0], parts[1], parts[2:]...); got != want {
			t.Errorf("%q: got %q, want %q", parts, got, want)
		}
	}
}
