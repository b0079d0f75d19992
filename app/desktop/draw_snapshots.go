//go:build !nogui

package desktop

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/widgets"
)

// drawSnapshots draws the timeline.
func (w *window) drawSnapshots() {
	p := &w.parts
	items := make([]widgets.TimelineItem, len(w.last.snapshots))
	for i, s := range w.last.snapshots {
		items[i] = w.timelineItem(s)
	}
	p.timeline.Set(items)
	if w.chooseNext != "" && slices.ContainsFunc(items, func(i widgets.TimelineItem) bool { return i.Name == w.chooseNext }) {
		next := w.chooseNext
		w.chooseNext = ""
		p.timeline.Choose(next)
	}
	title, about := textNoSnapshot(), textNoSnapshots()
	if w.last.snapErr != nil {
		problem := textProblem(app.Explain(w.last.snapErr))
		title, about = problem.Title, problem.Detail
	}
	p.noSnapTitle.Set(title)
	if p.noSnapAbout.Text != about {
		p.noSnapAbout.SetText(about)
	}
	w.setVisible(p.noSnapshots, len(items) == 0)
	w.drawAutomatic()
	w.drawDetails()
}

func (w *window) timelineItem(s app.Snapshot) widgets.TimelineItem {
	item := widgets.TimelineItem{
		Name: s.Name, Age: textAge(s.Created, w.last.at), Description: app.Plain(s.Description),
		Alert: s.State == "missing" || s.State == "damaged",
	}
	if s.Here {
		item.Here = textHere()
	}
	parts := []string{textTaken(s)}
	if s.FileSize > 0 {
		parts = []string{size(s.FileSize), ratio(s.FileSize, s.DiskSize), textTaken(s)}
	}
	parts = append(parts, badges(s)...)
	parts = slices.DeleteFunc(parts, func(t string) bool { return t == "" })
	item.Detail = strings.Join(parts, "  ·  ")
	return item
}

// badges are what else is worth seeing at a glance.
func badges(s app.Snapshot) []string {
	var list []string
	if s.State == "imported" && s.Taken != "" {
		list = append(list, textImported())
	}
	if s.Pinned {
		list = append(list, textPinned())
	}
	if !s.VerifiedAt.IsZero() {
		list = append(list, textVerified())
	}
	return list
}

// chosenSnapshot is the snapshot chosen in the timeline.
func (w *window) chosenSnapshot() (app.Snapshot, bool) {
	name := w.parts.timeline.Chosen()
	at := slices.IndexFunc(w.last.snapshots, func(s app.Snapshot) bool { return s.Name == name })
	if at < 0 {
		return app.Snapshot{}, false
	}
	return w.last.snapshots[at], true
}

// drawDetails draws the part about the chosen snapshot.
func (w *window) drawDetails() {
	p := &w.parts
	s, ok := w.chosenSnapshot()
	w.setVisible(p.details, ok)
	if !ok {
		return
	}
	p.detailName.Set(s.Name)
	p.detailAbout.Set(app.Plain(s.Description))
	p.facts.Set(facts(s, w.last.chosen))
	w.fitDetails()
}

// fitDetails gives the details the height that they need now, and does not wait
// until Fyne's canvas comes to notice: what is below them would cover their end.
func (w *window) fitDetails() {
	pane := w.parts.timeDetails
	if w.parts.details.Size().Height != w.parts.details.MinSize().Height {
		pane.Layout.Layout(pane.Objects, pane.Size())
	}
}

func facts(s app.Snapshot, vm string) []widgets.Fact {
	taken := textTaken(s)
	if s.Foreign {
		taken = textForeign()
	} else if s.Held > 0 {
		taken = textHeld(taken, seconds(s.Held))
	}
	created := ""
	if !s.Created.IsZero() {
		created = day(s.Created)
	}
	disk, file := "", ""
	if s.DiskSize > 0 {
		disk = size(s.DiskSize)
	}
	if s.FileSize > 0 {
		file = size(s.FileSize)
		if r := ratio(s.FileSize, s.DiskSize); r != "" {
			file = textOfDisk(file, r)
		}
	}
	from := s.VM
	if from == vm {
		from = ""
	}
	return []widgets.Fact{
		{Label: textFactTrouble(), Value: s.Problem},
		{Label: textFactCreated(), Value: created},
		{Label: textFactTaken(), Value: taken},
		{Label: textFactVM(), Value: app.Plain(from)},
		{Label: textFactDisk(), Value: disk},
		{Label: textFactFile(), Value: file},
		{Label: textFactFrees(), Value: sizeOrNothing(s.Frees)},
		{Label: textFactVerified(), Value: dayOrNothing(s.VerifiedAt)},
		{Label: textFactPinned(), Value: pinned(s)},
		{Label: textFactDigest(), Value: strings.TrimPrefix(s.Digest, "sha256:"), Mono: true},
	}
}

func sizeOrNothing(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return size(bytes)
}

func dayOrNothing(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return day(t)
}

func pinned(s app.Snapshot) string {
	if s.Pinned {
		return textNotPruned()
	}
	return ""
}

// editBegun gives the keyboard to an entry that has taken a line's place.
func (w *window) editBegun(entry fyne.Focusable) {
	w.fitDetails()
	w.focus(entry)
}

// editEnded gives the keyboard back to the timeline once a name or description
// has been typed.
func (w *window) editEnded() {
	w.fitDetails()
	if w.win.Canvas().Overlays().Top() == nil {
		w.focus(w.parts.timeline)
	}
}
