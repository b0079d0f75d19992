package window

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// timeline is the pane with the snapshots of the selected VM and the details of the
// selected snapshot.
type timeline struct {
	*model

	svc     snapshotEditor
	jobs    *jobTracker
	dialogs *snapshotDialogs
	// askNewVM asks for the name of a new VM created from a snapshot.
	askNewVM func(app.VM, app.Snapshot)

	pane      *fyne.Container
	split     *fyne.Container // the list above the details
	title     *fyne.Container // heading and automatic
	automatic *widgets.Line
	list      *widgets.Timeline
	empty     emptyNote
	details   details
	// selectNext names the snapshot to be selected once it is listed.
	selectNext string
}

// emptyNote is shown instead of the list while there are no snapshots.
type emptyNote struct {
	box   *fyne.Container
	title *widgets.Line
	about *widget.Label
}

// build builds the pane.
func (tl *timeline) build() fyne.CanvasObject {
	tl.list = widgets.NewTimeline()
	tl.list.OnChanged = func(string) {
		tl.drawDetails()
		tl.drawButtons()
	}
	tl.list.OnReturn = func(string) { tl.dialogs.askRestore() }
	tl.list.OnDelete = func(string) { tl.withSnapshot(tl.dialogs.askDeleteSnapshot)() }
	tl.list.OnEscape = tl.focusMain
	tl.list.OnMenu = func(at fyne.Position) { tl.popUp(tl.snapshotActions(), at) }

	tl.empty.title = widgets.NewBold(lang.L("No snapshot yet"))
	tl.empty.title.Align = fyne.TextAlignCenter
	tl.empty.about = widgets.NewText(lang.L("Take one before you try something. It takes seconds, and so does restoring it."))
	tl.empty.about.Alignment = fyne.TextAlignCenter
	tl.empty.about.Importance = widget.LowImportance
	tl.empty.box = container.New(layout.NewCustomPaddedLayout(24, 0, 24, 24),
		container.NewVBox(tl.empty.title, tl.empty.about))

	tl.buildDetails()
	tl.automatic = widgets.NewCaption("")
	tl.automatic.Hide()
	tl.title = widgets.NewMiddle(container.New(layout.NewCustomPaddedVBoxLayout(1), widgets.NewBold(lang.L("Snapshots")), tl.automatic))
	body := container.NewStack(tl.list, tl.empty.box)
	var more *widget.Button
	more = moreButton(func() { tl.popUpUnder(more, tl.storeActions()) })
	tl.split = widgets.NewFrame(paneHeader(tl.title, more), tl.details.box, nil, nil, body)
	tl.pane = widgets.NewFrame(nil, nil, widget.NewSeparator(), nil, pane(snapshotPaneWidth, tl.split))
	return tl.pane
}

// draw draws the timeline.
func (tl *timeline) draw() {
	items := make([]widgets.TimelineItem, len(tl.last.snapshots))
	for i, s := range tl.last.snapshots {
		items[i] = tl.timelineItem(s)
	}
	tl.list.Set(items)
	if tl.selectNext != "" && slices.ContainsFunc(items, func(i widgets.TimelineItem) bool { return i.Name == tl.selectNext }) {
		next := tl.selectNext
		tl.selectNext = ""
		tl.list.SetCurrent(next)
	}
	title, about := lang.L("No snapshot yet"), lang.L("Take one before you try something. It takes seconds, and so does restoring it.")
	if tl.last.snapErr != nil {
		problem := words.Problem(app.Explain(tl.last.snapErr))
		title, about = problem.Title, problem.Detail
	}
	tl.empty.title.Set(title)
	if tl.empty.about.Text != about {
		tl.empty.about.SetText(about)
	}
	tl.setVisible(tl.empty.box, len(items) == 0)
	tl.drawAutomatic()
	tl.drawDetails()
	tl.drawButtons()
}

func (tl *timeline) timelineItem(s app.Snapshot) widgets.TimelineItem {
	item := widgets.TimelineItem{
		Name: s.Name, Age: words.Age(s.Created, tl.last.at), Description: words.Description(s),
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
	if !s.BootedAt.IsZero() {
		list = append(list, lang.L("boots"))
	}
	return list
}

// selectedSnapshot returns the snapshot selected in the timeline.
func (tl *timeline) selectedSnapshot() (app.Snapshot, bool) {
	name := tl.list.Current()
	at := slices.IndexFunc(tl.last.snapshots, func(s app.Snapshot) bool { return s.Name == name })
	if at < 0 {
		return app.Snapshot{}, false
	}
	return tl.last.snapshots[at], true
}

// selectSnapshot selects a snapshot.
func (tl *timeline) selectSnapshot(name string) { tl.list.SetCurrent(name) }

// toggleSnapshots hides the snapshot pane, or shows and focuses it.
func (tl *timeline) toggleSnapshots() {
	if tl.pane.Visible() {
		tl.pane.Hide()
		tl.focusMain()
		return
	}
	tl.focusSnapshots()
}

// focusSnapshots focuses the timeline.
func (tl *timeline) focusSnapshots() {
	tl.setVisible(tl.pane, true)
	if len(tl.last.snapshots) == 0 {
		tl.focusMain()
		return
	}
	if tl.list.Current() == "" {
		tl.list.SetCurrent(tl.last.snapshots[0].Name)
	}
	tl.focus(tl.list)
}
