package wire

import "testing"

func TestMountCheck(t *testing.T) {
	for _, m := range []Mount{{Tag: "vmt-1", Dir: "/mnt/site"}, {Tag: "vmt-1", Dir: "/mnt/a, b"}, {Tag: "t", Dir: "/mnt/..."}} {
		if err := m.Check(); err != nil {
			t.Errorf("%+v: got error %v, want no error", m, err)
		}
	}
	for _, m := range []Mount{
		{},
		{Tag: "t"},
		{Dir: "/mnt/site"},
		{Tag: "t", Dir: "/mnt"},
		{Tag: "t", Dir: "/mnt/"},
		{Tag: "t", Dir: "/mnt/.."},
		{Tag: "t", Dir: "/mnt/a/b"},
		{Tag: "t", Dir: "/mnt/../etc"},
		{Tag: "t", Dir: "/etc"},
		{Tag: "t", Dir: "mnt/a"},
		{Tag: "t", Dir: "/mnt/a\x00b"},
		{Tag: "a tag that is longer than QEMU has", Dir: "/mnt/a"},
	} {
		if m.Check() == nil {
			t.Errorf("%+v was accepted", m)
		}
	}
}
