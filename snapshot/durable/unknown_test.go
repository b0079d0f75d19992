package durable

import (
	"encoding/json"
	"testing"
	"time"
)

type inner struct {
	Known int `json:"known,omitempty"`
}

type outer struct {
	Name   string    `json:"name"`
	At     time.Time `json:"at,omitzero"`
	Inner  inner     `json:"inner,omitzero"`
	List   []inner   `json:"list,omitempty"`
	hidden int
}

func TestMarshalKeeping(t *testing.T) {
	change := func(o *outer) { o.Name = "new" }
	for name, c := range map[string]struct {
		read   string
		change func(*outer)
		want   string
	}{
		"nothing read":        {``, change, `{"name":"new"}`},
		"all known":           {`{"name":"old"}`, change, `{"name":"new"}`},
		"other case":          {`{"NAME":"old"}`, change, `{"name":"new"}`},
		"unknown":             {`{"x":{"y":[1]},"name":"old","z":null}`, change, `{"name":"new","x":{"y":[1]},"z":null}`},
		"unknown, unexported": {`{"name":"old","hidden":3}`, change, `{"name":"new","hidden":3}`},
		"nested":              {`{"name":"old","inner":{"known":1,"x":2}}`, change, `{"name":"new","inner":{"known":1,"x":2}}`},
		"nested, changed":     {`{"name":"old","inner":{"known":1,"x":2}}`, func(o *outer) { o.Inner.Known = 5 }, `{"name":"old","inner":{"known":5,"x":2}}`},
		"nested, omitted":     {`{"name":"old","inner":{"known":1,"x":2}}`, func(o *outer) { o.Inner.Known = 0 }, `{"name":"old","inner":{"x":2}}`},
		"elements": {
			`{"name":"old","list":[{"known":1,"x":1},{"known":2,"x":2}]}`,
			func(o *outer) { o.List = []inner{{2}, {3}} },
			`{"name":"old","list":[{"known":2,"x":2},{"known":3}]}`,
		},
		"list removed": {`{"name":"old","list":[{"known":1,"x":1}]}`, func(o *outer) { o.List = nil }, `{"name":"old"}`},
		"a time":       {`{"name":"old","at":"2026-01-02T03:04:05Z"}`, change, `{"name":"new","at":"2026-01-02T03:04:05Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			o := outer{hidden: 1}
			if c.read != "" {
				if err := json.Unmarshal([]byte(c.read), &o); err != nil {
					t.Fatal(err)
				}
			}
			c.change(&o)
			if got, err := MarshalKeepingUnknown(o, []byte(c.read)); err != nil || string(got) != c.want {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestUnknownMembers(t *testing.T) {
	for read, want := range map[string]string{
		`{"name":"a","Inner":{}}`: "", `{"x":1,"name":"a","y":"b"}`: `{"x":1,"y":"b"}`, `3`: "",
	} {
		if got := UnknownMembers(outer{}, []byte(read)); got != want {
			t.Errorf("UnknownMembers of %s: got %s, want %s", read, got, want)
		}
	}
}
