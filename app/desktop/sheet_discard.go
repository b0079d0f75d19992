//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets"
)

// askDiscard asks before the disk that is kept for undo is given up.
func (w *window) askDiscard() {
	v, ok := w.chosen()
	if !ok || !w.canUndo(v) {
		return
	}
	var s *widgets.Sheet
	discard := &widgets.SheetButton{Text: textDiscard(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(s)
		w.alter(func(ctx context.Context) error {
			_, err := w.svc.DiscardUndo(ctx, v.Name)
			return err
		})
	}}
	s = w.openSheet(textDiscardTitle(v.Name), paragraph(textDiscardAbout(size(v.UndoUsed))), textCancel(), nil, discard)
}
