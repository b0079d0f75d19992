package app

import (
	"fmt"
	"testing"
)

func TestFileChanges(t *testing.T) {
	const file, dir = 0o100644, 0o040755
	before := GuestFiles{map[string]fileState{
		"/":          {mode: dir, changed: 1},
		"/same":      {mode: file, size: 5, changed: 1, inode: 2},
		"/grown":     {mode: file, size: 5, changed: 1, inode: 3},
		"/again":     {mode: file, size: 5, changed: 1, inode: 4},
		"/gone":      {mode: dir, changed: 1},
		"/gone/a":    {mode: file, size: 10},
		"/gone/b":    {mode: file, size: 20},
		"/gone.not":  {mode: file, size: 1, changed: 1},
		"/opened":    {mode: 0o040700, changed: 1},
		"/kind":      {mode: dir},
		"/gone-too":  {mode: file, size: 3},
		"/gone/c":    {mode: dir, size: 4096},
		"/gone/c/cc": {mode: file, size: 30},
	}}
	after := GuestFiles{map[string]fileState{
		"/":         {mode: dir, changed: 2}, // entries were removed
		"/same":     {mode: file, size: 5, changed: 1, inode: 2},
		"/grown":    {mode: file, size: 9, changed: 2, inode: 3},
		"/again":    {mode: file, size: 5, changed: 2, inode: 5},
		"/gone.not": {mode: file, size: 1, changed: 1},
		"/opened":   {mode: 0o040755, changed: 2},
		"/kind":     {mode: file, size: 7},
		"/new":      {mode: dir, size: 4096},
		"/new/x":    {mode: file, size: 100},
	}}
	list := after.ChangesSince(before)
	got := ""
	for _, c := range SummarizeChanges(list) {
		got += fmt.Sprintf("%s %s %d %d %v %d\n", c.Kind, c.Path, c.Before, c.After, c.Dir, c.Files)
	}
	want := `changed /again 5 5 false 0
removed /gone 60 0 true 4
removed /gone-too 3 0 false 0
changed /grown 5 9 false 0
changed /kind 0 7 false 0
added /new 0 100 true 1
changed /opened 0 0 true 0
`
	if len(list) != 12 || got != want {
		t.Errorf("got %d changes, want 12; got summary\n%s\nwant\n%s", len(list), got, want)
	}
	if none := before.ChangesSince(before); len(none) != 0 {
		t.Errorf("got changes %v between equal lists, want none", none)
	}
}
