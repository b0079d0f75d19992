package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/assets"
	"vmterminal/widgets"
)

// The widths of the panes left and right of the terminal, and the height of the headers of
// all three.
const (
	vmPaneWidth       = 232
	snapshotPaneWidth = 320
	headHeight        = 52
)

// paneHeader returns the header of a pane, with a title on the left and buttons on the right.
func paneHeader(title fyne.CanvasObject, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	row := container.NewHBox(buttons...)
	return widgets.NewFrame(nil, widget.NewSeparator(), nil, nil,
		container.New(layout.NewCustomPaddedLayout(0, 0, 14, 8),
			container.NewBorder(nil, nil, nil, container.NewCenter(row),
				container.NewBorder(nil, nil, widgets.NewGap(0, headHeight), nil, title))))
}

// pane returns a pane with a fixed width and a background.
func pane(width float32, content fyne.CanvasObject) *fyne.Container {
	return container.NewStack(widgets.NewGround(assets.ColorNamePane, 0), widgets.NewGap(width, 0), content)
}

// moreButton returns the button that opens the menu with more actions.
func moreButton(tapped func()) *widget.Button {
	b := widget.NewButtonWithIcon("", theme.MoreVerticalIcon(), tapped)
	b.Importance = widget.LowImportance
	return b
}
