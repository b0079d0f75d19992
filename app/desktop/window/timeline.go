package window

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// timeline is the pane with the snapshots of the selected VM and the details of the
// selected snapshot.
type timeline struct {
	w            *window
	snapshots    *fyne.Container // the whole pane
	timeDetails  *fyne.Container // the timeline above the details
	snapTitle    *fyne.Container // title and automatic
	automatic    *widgets.Line
	timeline     *widgets.Timeline
	noSnapshots  *fyne.Container
	noSnapTitle  *widgets.Line
	noSnapAbout  *widget.Label
	details      *fyne.Container
	detailName   *widgets.InPlace
	detailAbout  *widgets.InPlace
	detailMore   *widget.Button
	facts        *widgets.Facts
	restore, del *widget.Button
	// selectNextSnapshot names the snapshot to be selected once it is listed.
	selectNextSnapshot string
}

// drawSnapshots draws the timeline.
func (tl *timeline) drawSnapshots() {
	items := make([]widgets.TimelineItem, len(tl.w.last.snapshots))
	for i, s := range tl.w.last.snapshots {
		items[i] = tl.timelineItem(s)
	}
	tl.timeline.Set(items)
	if tl.selectNextSnapshot != "" && slices.ContainsFunc(items, func(i widgets.TimelineItem) bool { return i.Name == tl.selectNextSnapshot }) {
		next := tl.selectNextSnapshot
		tl.selectNextSnapshot = ""
		tl.timeline.SetCurrent(next)
	}
	title, about := lang.L("No snapshot yet"), lang.L("Take one before you try something. It takes seconds, and so does restoring it.")
	if tl.w.last.snapErr != nil {
		problem := words.Problem(app.Explain(tl.w.last.snapErr))
		title, about = problem.Title, problem.Detail
	}
	tl.noSnapTitle.Set(title)
	if tl.noSnapAbout.Text != about {
		tl.noSnapAbout.SetText(about)
	}
	tl.w.setVisible(tl.noSnapshots, len(items) == 0)
	tl.drawAutomatic()
	tl.drawDetails()
}

func (tl *timeline) timelineItem(s app.Snapshot) widgets.TimelineItem {
	item := widgets.TimelineItem{
		Name: s.Name, Age: words.Age(s.Created, tl.w.last.at), Description: words.Description(s),
		Alert: s.State == app.SnapshotMissing || s.State == app.SnapshotDamaged,
	}
	if s.IsCurrent {
		item.CurrentLabel = lang.L("you are here")
	}
	parts := []string{words.Taken(s)}
	if s.FileSize > 0 {
		parts = []string{units.Bytes(s.FileSize), words.Ratio(s.FileSize, s.DiskSize), words.Taken(s)}
	}
	parts = append(parts, badges(s)...)
	parts = slices.DeleteFunc(parts, func(t string) bool { return t == "" })
	item.Detail = strings.Join(parts, "  ·  ")
	return item
}

// badges returns the labels of a snapshot in the timeline.
func badges(s app.Snapshot) []string {
	var list []string
	if s.State == app.SnapshotImported && s.Taken != "" {
		list = append(list, lang.L("imported"))
	}
	if s.Pinned {
		list = append(list, lang.L("pinned"))
	}
	if !s.VerifiedAt.IsZero() {
		list = append(list, lang.L("verified"))
	}
	return list
}

// selectedSnapshot returns the snapshot selected in the timeline.
func (tl *timeline) selectedSnapshot() (app.Snapshot, bool) {
	name := tl.timeline.Current()
	at := slices.IndexFunc(tl.w.last.snapshots, func(s app.Snapshot) bool { return s.Name == name })
	if at < 0 {
		return app.Snapshot{}, false
	}
	return tl.w.last.snapshots[at], true
}

// drawDetails draws the details of the selected snapshot.
func (tl *timeline) drawDetails() {
	s, ok := tl.selectedSnapshot()
	tl.w.setVisible(tl.details, ok)
	if !ok {
		return
	}
	tl.detailName.Set(s.Name)
	tl.detailAbout.Set(words.Description(s))
	tl.facts.Set(facts(s, tl.w.last.selected))
	tl.fitDetails()
}

// fitDetails gives the details the height they need immediately. Fyne would do so only later,
// and until then the widgets below would cover the end of the details.
func (tl *timeline) fitDetails() {
	pane := tl.timeDetails
	if tl.details.Size().Height != tl.details.MinSize().Height {
		pane.Layout.Layout(pane.Objects, pane.Size())
	}
}

func facts(s app.Snapshot, vm string) []widgets.Fact {
	taken := words.Taken(s)
	if s.Foreign {
		taken = lang.L("plain gzip file, checked by CRC only")
	} else if s.FrozenFor > 0 {
		taken = lang.L("{{.Taken}}, guest frozen for {{.Held}}", words.Values{"Taken": taken, "Held": units.Duration(s.FrozenFor)})
	}
	created := ""
	if !s.Created.IsZero() {
		created = words.Date(s.Created)
	}
	disk, file := "", ""
	if s.DiskSize > 0 {
		disk = units.Bytes(s.DiskSize)
	}
	if s.FileSize > 0 {
		file = units.Bytes(s.FileSize)
		if r := words.Ratio(s.FileSize, s.DiskSize); r != "" {
			file = lang.L("{{.File}} ({{.Ratio}} of the disk)", words.Values{"File": file, "Ratio": r})
		}
	}
	from := s.VM
	if from == vm {
		from = ""
	}
	return []widgets.Fact{
		{Label: lang.L("Problem"), Value: words.SnapshotProblem(s)},
		{Label: lang.L("Created"), Value: created},
		{Label: lang.L("Consistency"), Value: taken},
		{Label: lang.L("Source"), Value: app.Plain(from)},
		{Label: lang.L("Disk size"), Value: disk},
		{Label: lang.L("File size"), Value: file},
		{Label: lang.L("Frees"), Value: optionalSize(s.Frees)},
		{Label: lang.L("Verified"), Value: optionalDate(s.VerifiedAt)},
		{Label: lang.L("Pinned"), Value: pinned(s)},
		{Label: lang.L("Digest"), Value: strings.TrimPrefix(s.Digest, "sha256:"), Mono: true},
	}
}

func optionalSize(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return units.Bytes(bytes)
}

func optionalDate(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return words.Date(t)
}

func pinned(s app.Snapshot) string {
	if s.Pinned {
		return lang.L("never pruned")
	}
	return ""
}

// editBegun focuses the entry for editing a name or description.
func (tl *timeline) editBegun(entry fyne.Focusable) {
	tl.fitDetails()
	tl.w.focus(entry)
}

// editEnded focuses the timeline after a name or description was edited.
func (tl *timeline) editEnded() {
	tl.fitDetails()
	if tl.w.win.Canvas().Overlays().Top() == nil {
		tl.w.focus(tl.timeline)
	}
}
