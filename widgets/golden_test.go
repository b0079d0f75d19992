package widgets

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// golden is a widget in one of its states. Its rendering is stored as markup in testdata
// under its name.
type golden struct {
	name          string
	width, height float32
	widget        func() fyne.CanvasObject
	// input simulates input once the widget is shown. It may be nil.
	input func(fyne.CanvasObject)
}

// inputTo returns an act for a widget of type W.
func inputTo[T fyne.CanvasObject](input func(T)) func(fyne.CanvasObject) {
	return func(o fyne.CanvasObject) { input(o.(T)) }
}

func focus(o fyne.CanvasObject, part fyne.Focusable) {
	fyne.CurrentApp().Driver().CanvasForObject(o).Focus(part)
}

var (
	anyName  = TimelineItem{Name: "before-upgrade", Age: "50 min ago", Detail: "598 MB  ·  5.8 %  ·  frozen"}
	longName = TimelineItem{Name: strings.Repeat("long-name-", 9), Age: "9 days ago", Detail: strings.Repeat("detail ", 20)}
)

func timeline(items ...TimelineItem) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		t := NewTimeline()
		t.Set(items)
		return t
	}
}

func vmList(chosen string, items ...VMItem) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		l := NewVMList()
		l.Set(items, chosen)
		return l
	}
}

func jobBar(items ...JobItem) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		b := NewJobBar()
		b.Set(items)
		return b
	}
}

func inPlaceText(text string) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		p := NewInPlaceText(240, "Add a description…")
		p.OnEdited = func(string) {}
		p.Set(text)
		return p
	}
}

func field(text, hint, unit string) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		f := NewField("Name", text, hint, unit)
		f.Check = func(text string) string {
			if text == "" {
				return "A name is needed"
			}
			return ""
		}
		f.Valid()
		return f
	}
}

func inPlace(text string) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		p := NewInPlace(NewBold(""), "Add a name…")
		p.OnEdited = func(string) {}
		p.Set(text)
		return p
	}
}

func tabBar(canAdd bool) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		b := NewTabBar()
		b.Set([]TabItem{{Label: "Console"}, {Label: "Shell 1", CanClose: true}, {Label: "Shell 2", CanClose: true, Quiet: true}}, 1, canAdd)
		return b
	}
}

func banner(item BannerItem) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		b := NewBanner()
		b.Set(item)
		b.Show()
		return b
	}
}

func offView(title, about, button string) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		v := NewOffView()
		v.Set(title, about, button)
		return v
	}
}

func firstRun(busy string) func() fyne.CanvasObject {
	return func() fyne.CanvasObject {
		f := NewFirstRun(theme.ComputerIcon(), "Create your first VM", "A small Linux machine of your own.", "Create and start")
		f.SetBusy(busy)
		return f
	}
}

var goldens = []golden{
	{"line", 200, 20, func() fyne.CanvasObject { return NewLine("A line of text") }, nil},
	{"line-cut", 80, 20, func() fyne.CanvasObject { return NewLine("A line of text") }, nil},
	{"line-bold", 200, 20, func() fyne.CanvasObject { return NewBold("A line of text") }, nil},
	{"line-caption", 200, 20, func() fyne.CanvasObject { return NewCaption("A line of text") }, nil},
	{"paragraph", 120, 80, func() fyne.CanvasObject { return NewParagraph(NewText("Text that takes more than one line")) }, nil},
	{"ground", 40, 20, func() fyne.CanvasObject { return NewGround(theme.ColorNameHeaderBackground, 4) }, nil},
	{"gap", 40, 20, func() fyne.CanvasObject { return NewGap(40, 20) }, nil},
	{"frame", 200, 100, func() fyne.CanvasObject {
		return NewFrame(NewLine("top"), NewLine("bottom"), NewGap(30, 0), NewGap(40, 0), NewMiddle(NewLine("middle")))
	}, nil},

	{"bar", 200, 20, func() fyne.CanvasObject { return NewBar() }, nil},
	{"bar-half", 200, 20, func() fyne.CanvasObject { b := NewBar(); b.Set(0.5); return b }, nil},

	{"banner", 800, 40, banner(BannerItem{Text: "Something to know", Icon: theme.InfoIcon()}), nil},
	{"banner-buttons", 800, 40, banner(BannerItem{Text: "Something to do", Icon: theme.WarningIcon(), Button: "Do it", Other: "Look again"}), nil},
	{"banner-cut", 300, 40, banner(BannerItem{Text: strings.Repeat("much to know ", 9), Icon: theme.InfoIcon(), Button: "Do it"}), nil},

	{"facts", 260, 90, func() fyne.CanvasObject {
		f := NewFacts()
		f.Set([]Fact{{Label: "Created", Value: "24 Nov 2026"}, {Label: "Trouble"}, {Label: "Digest", Value: strings.Repeat("0f1e", 16), Mono: true}})
		return f
	}, nil},

	{"field", 240, 80, field("dev", "Letters and digits", ""), nil},
	{"field-untouched", 240, 80, field("", "Letters and digits", ""), inputTo(func(f *Field) { f.Valid() })},
	{"field-wrong", 240, 80, field("dev", "Letters and digits", ""), inputTo(func(f *Field) { f.SetText("") })},
	{"field-unit", 240, 80, field("512", "This computer has 8 GB", "MB"), nil},
	{"field-disabled", 240, 80, field("dev", "", ""), inputTo(func(f *Field) { f.Disable() })},
	{"field-selected", 240, 80, field("dev", "", ""), inputTo(func(f *Field) { focus(f, f.Entry()); f.SelectAll() })},

	{"inplace", 240, 40, inPlace("before-upgrade"), nil},
	{"inplace-empty", 240, 40, inPlace(""), nil},
	{"inplace-text", 240, 90, inPlaceText(strings.Repeat("before the upgrade of the kernel ", 3)), nil},
	{"inplace-text-long", 240, 160, inPlaceText(strings.Repeat("word ", 100)), nil},
	{"inplace-text-hovered", 240, 40, inPlaceText(""), inputTo(func(p *InPlace) { p.MouseIn(&desktop.MouseEvent{}) })},
	{"inplace-hovered", 240, 40, inPlace("before-upgrade"), inputTo(func(p *InPlace) { p.MouseIn(&desktop.MouseEvent{}) })},
	{"inplace-typing", 240, 60, inPlace("before-upgrade"), inputTo(func(p *InPlace) { p.Edit() })},

	{"findbar", 700, 44, func() fyne.CanvasObject { return NewFindBar("Find", "Match case") }, nil},
	{
		"findbar-found", 700, 44, func() fyne.CanvasObject { return NewFindBar("Find", "Match case") },
		inputTo(func(b *FindBar) { b.Set("error"); b.SetCount("2 of 14") }),
	},

	{"firstrun", 600, 400, firstRun(""), nil},
	{"firstrun-busy", 600, 400, firstRun("Creating the VM…"), nil},

	{"offview", 500, 300, offView("dev is off", "It left 2 h ago: powered off by the guest", "Start"), nil},
	{"offview-title", 500, 300, offView("Starting…", "", ""), nil},

	{"jobbar", 1000, 84, jobBar(
		JobItem{ID: 1, Icon: theme.ViewRestoreIcon(), Title: "Snapshot “one” of dev", Phase: "Compressing", Numbers: "42 %  ·  180 MB/s  ·  0:12 left", Fraction: 0.42, Button: "Cancel"},
		JobItem{ID: 2, Icon: theme.ViewRestoreIcon(), Title: "Restore “two” in web", Phase: "Preparing…", Button: "Cancel"}), nil},
	{"jobbar-ended", 1000, 84, jobBar(
		JobItem{ID: 1, Icon: theme.ViewRestoreIcon(), Title: "Snapshot “one” of dev", Phase: "Done: 28 MB in 1.2 s", Ended: true, Button: "Close"},
		JobItem{ID: 2, Icon: theme.ErrorIcon(), Title: "Verify “two” of dev", Phase: "chunk 7 is damaged", Ended: true, Failed: true, Button: "Close"}), nil},
	{"jobbar-narrow", 520, 42, jobBar(
		JobItem{ID: 1, Icon: theme.ViewRestoreIcon(), Title: strings.Repeat("title ", 20), Phase: "Compressing", Numbers: "42 %  ·  180 MB/s  ·  0:12 left", Fraction: 0.42, Button: "Cancel"}), nil},

	{"keybutton", 160, 40, func() fyne.CanvasObject { return NewKeyButton("Restore", theme.MediaReplayIcon(), nil) }, nil},
	{"keybutton-focused", 160, 40, func() fyne.CanvasObject { return NewKeyButton("Restore", nil, nil) }, inputTo(func(b *KeyButton) { focus(b, b) })},
	{"keybutton-disabled", 160, 40, func() fyne.CanvasObject { return NewKeyButton("Restore", nil, nil) }, inputTo(func(b *KeyButton) { b.Disable() })},

	{"tabbar", 400, 32, tabBar(true), nil},
	{"tabbar-full", 400, 32, tabBar(false), nil},
	{"tabbar-scrolled", 160, 32, tabBar(true), nil},

	{"timeline", 320, 260, timeline(anyName,
		TimelineItem{Name: "clean-install", Age: "26 h ago", Detail: "571 MB", Description: "Nothing but the system"},
		TimelineItem{Name: "here", Age: "3 days ago", Detail: "571 MB  ·  stopped", CurrentLabel: "you are here"},
		TimelineItem{Name: "lost-one", Age: "30 days ago", Detail: "file is missing", Alert: true}), nil},
	{"timeline-single", 320, 80, timeline(anyName), nil},
	{"timeline-chosen", 320, 140, timeline(anyName, longName), inputTo(func(t *Timeline) { t.SetCurrent(longName.Name) })},
	{"timeline-focused", 320, 140, timeline(anyName, longName), inputTo(func(t *Timeline) { focus(t, t) })},

	{"vmlist", 232, 180, vmList("dev", VMItem{Name: "dev", Mark: theme.MediaPlayIcon(), Detail: "66 MB  ·  snapshot 4 min ago"},
		VMItem{Name: "old", Mark: theme.WarningIcon(), Detail: "vms.json says 0 CPUs", Alert: true},
		VMItem{Name: strings.Repeat("long-name-", 9), Mark: theme.MediaStopIcon(), Detail: strings.Repeat("detail ", 20)}), nil},
	{"vmrow", 232, 50, func() fyne.CanvasObject {
		r := NewVMRow()
		r.Set(VMItem{Name: "dev", Mark: theme.MediaPlayIcon(), Detail: "66 MB"})
		return r
	}, nil},
}

func TestGoldens(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			test.NewTempApp(t)
			o := g.widget()
			w := test.NewTempWindow(t, o)
			w.SetPadded(false)
			w.Resize(fyne.NewSize(g.width, g.height))
			if g.input != nil {
				g.input(o)
			}
			test.AssertRendersToMarkup(t, g.name+".xml", w.Canvas())
		})
	}
}

func TestGoldenDialogs(t *testing.T) {
	content := func() fyne.CanvasObject {
		return container.New(rowLayout(10), NewParagraph(NewText("What is to be decided, in a sentence that may take two lines.")), NewField("Name", "dev", "", ""))
	}
	for name, buttons := range map[string][]*DialogButton{
		"dialog":          {{Text: "Take snapshot", Default: true}},
		"dialog-message":  nil,
		"dialog-danger":   {{Text: "Delete", Importance: widget.DangerImportance}},
		"dialog-disabled": {{Text: "Other"}, {Text: "Create", Default: true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := showInWindow(t, NewGap(1, 1), 700, 400)
			d := NewDialog(w.Canvas(), "A question", content(), "Cancel", buttons...)
			d.Show(nil)
			if name == "dialog-disabled" {
				buttons[1].SetEnabled(false)
			}
			test.AssertRendersToMarkup(t, name+".xml", w.Canvas())
		})
	}
}
