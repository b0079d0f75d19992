package window

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// details is the lower part of the timeline: the selected snapshot with its description, facts
// and buttons.
type details struct {
	box                *fyne.Container
	name, about        *widgets.InPlace
	facts              *widgets.Facts
	restore, del, more *widget.Button
}

// detailPad is the padding left and right of the details.
const detailPad = 14

// buildDetails builds the details of the selected snapshot.
func (tl *timeline) buildDetails() {
	tl.details.name = widgets.NewInPlace(widgets.NewBold(""), "")
	tl.details.name.Check = func(text string) string { return words.NameProblem(typedName(text), tl.snapshotNames()) }
	tl.details.name.OnEdited, tl.details.name.OnEnded = tl.renameSnapshot, tl.editEnded
	tl.details.about = widgets.NewInPlaceText(snapshotPaneWidth-2*detailPad, lang.L("Add a description…"))
	tl.details.about.OnEdited, tl.details.about.OnEnded = tl.describeSnapshot, tl.editEnded
	tl.details.name.Focus, tl.details.about.Focus = tl.editBegun, tl.editBegun
	tl.details.facts = widgets.NewFacts()
	tl.details.restore = widget.NewButtonWithIcon(lang.L("Restore")+"…", assets.RestoreIcon, tl.unlessModal(tl.dialogs.askRestore))
	tl.details.del = widget.NewButtonWithIcon(lang.L("Delete")+"…", theme.DeleteIcon(), tl.unlessModal(tl.withSnapshot(tl.dialogs.askDeleteSnapshot)))
	tl.details.more = moreButton(func() { tl.popUpUnder(tl.details.more, tl.snapshotActions()) })
	buttons := container.NewBorder(nil, nil, nil, tl.details.more, container.NewGridWithColumns(2, tl.details.restore, tl.details.del))
	tl.details.box = widgets.NewFrame(widget.NewSeparator(), nil, nil, nil, container.New(layout.NewCustomPaddedLayout(8, 12, detailPad, detailPad),
		container.New(layout.NewCustomPaddedVBoxLayout(10),
			container.New(layout.NewCustomPaddedVBoxLayout(4), tl.details.name, tl.details.about), tl.details.facts, buttons)))
	tl.details.box.Hide()
}

// drawDetails draws the details of the selected snapshot.
func (tl *timeline) drawDetails() {
	s, ok := tl.selectedSnapshot()
	tl.setVisible(tl.details.box, ok)
	if !ok {
		return
	}
	tl.details.name.Set(s.Name)
	tl.details.about.Set(words.Description(s))
	tl.details.facts.Set(facts(s, tl.last.selected))
	tl.fitDetails()
}

// fitDetails gives the details the height they need immediately. Fyne would do so only later,
// and until then the widgets below would cover the end of the details.
func (tl *timeline) fitDetails() {
	pane := tl.split
	if tl.details.box.Size().Height != tl.details.box.MinSize().Height {
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
		{Label: lang.L("Guest started"), Value: optionalDate(s.BootedAt)},
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
	tl.focus(entry)
}

// editEnded focuses the timeline after a name or description was edited.
func (tl *timeline) editEnded() {
	tl.fitDetails()
	if !tl.hasOverlay() {
		tl.focus(tl.list)
	}
}

// drawButtons enables the buttons for the selected snapshot.
func (tl *timeline) drawButtons() {
	if v, ok := tl.selected(); ok {
		setEnabled(tl.details.restore, tl.canRestore())
		setEnabled(tl.details.del, tl.jobs.isIdle(v))
	}
}
