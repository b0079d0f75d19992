package window

import (
	"context"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// askDiscard asks before the undo disk is deleted.
func (sd *snapshotDialogs) askDiscard() {
	v, ok := sd.selected()
	if !ok || !sd.canUndo(v) {
		return
	}
	var d *widgets.Dialog
	discard := &widgets.DialogButton{Text: lang.L("Discard undo disk"), Importance: widget.DangerImportance, OnTapped: func() {
		sd.modal.closeDialog(d)
		sd.mutate(func(ctx context.Context) error {
			_, err := sd.svc.DiscardUndo(ctx, v.Name)
			return err
		})
	}}
	d = sd.modal.openDialog(lang.L("Discard the undo disk of {{.VM}}?", words.Values{"VM": v.Name}), paragraph(lang.L("This frees {{.Size}}. The last restore can no longer be undone. The current disk and all snapshots are kept.", words.Values{"Size": units.Bytes(v.UndoUsed)})), lang.L("Cancel"), nil, discard)
}
