package endtoend

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// picturesDir returns the folder where pictures are stored.
func picturesDir() string {
	if dir := os.Getenv("VMTERMINAL_PICTURES"); dir != "" {
		return dir
	}
	return filepath.Join(module, "build", "pictures")
}

// width and height are the display's size in pixels.
const width, height = 1280, 800

// takePicture takes a picture of the display.
func (d *display) takePicture() *image.RGBA {
	d.t.Helper()
	cmd := exec.Command("import", "-window", "root", "-depth", "8", "rgba:-")
	cmd.Env = d.addDisplayEnv(baseEnv())
	points, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("import: %v", err)
	}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	if copy(m.Pix, points) != len(m.Pix) {
		d.t.Fatalf("picture of the display: got %d bytes, want %d", len(points), len(m.Pix))
	}
	return m
}

// stablePicture takes a picture once the display has stopped changing. It stops waiting after a
// timeout, because cursors blink and progress bars move.
func (d *display) stablePicture() *image.RGBA {
	d.t.Helper()
	now := d.takePicture()
	pollUntil(2*time.Second, func() bool {
		before := now
		now = d.takePicture()
		return bytes.Equal(before.Pix, now.Pix)
	})
	return now
}

// savePicture stores a picture of the display for review.
func (d *display) savePicture(name string) {
	d.t.Helper()
	if err := os.MkdirAll(picturesDir(), 0o755); err != nil {
		d.t.Fatal(err)
	}
	d.taken++
	test := strings.TrimPrefix(d.t.Name(), "Test")
	f, err := os.Create(filepath.Join(picturesDir(), fmt.Sprintf("%s-%02d-%s.png", test, d.taken, name)))
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, d.stablePicture()); err != nil {
		d.t.Fatal(err)
	}
}

// The colors of buttons in the dark theme.
var (
	primary = color.RGBA{0x4a, 0x86, 0xff, 0xff} // default action
	warning = color.RGBA{0xf0, 0xb1, 0x3c, 0xff} // undoes changes
	danger  = color.RGBA{0xf0, 0x64, 0x5f, 0xff} // ends or deletes something
)

// hasColor reports whether a pixel has the color of a button, which may be shaded because the
// mouse is over it.
func hasColor(m *image.RGBA, p image.Point, c color.RGBA) bool {
	at := m.Pix[m.PixOffset(p.X, p.Y):]
	for i, want := range []uint8{c.R, c.G, c.B} {
		if by := int(at[i]) - int(want); by < -20 || by > 20 {
			return false
		}
	}
	return true
}

// findButton finds the largest button of a color in a part of a picture. It does not find buttons
// behind a dialog, which have a different color.
func findButton(m *image.RGBA, c color.RGBA, in image.Rectangle) (image.Rectangle, bool) {
	var best image.Rectangle
	seen := map[image.Point]bool{}
	for y := in.Min.Y; y < in.Max.Y; y += 4 {
		for x := in.Min.X; x < in.Max.X; x += 4 {
			if p := image.Pt(x, y); !seen[p] && hasColor(m, p, c) {
				box, area := floodFill(m, p, c, seen)
				looks := box.Dx() >= 60 && box.Dy() >= 24 && 2*area >= countPixels(box)
				if looks && box.In(in) && countPixels(box) > countPixels(best) {
					best = box
				}
			}
		}
	}
	return best, !best.Empty()
}

func countPixels(r image.Rectangle) int { return r.Dx() * r.Dy() }

// floodFill returns the bounding box and the number of pixels of the connected area of color c
// that contains p.
func floodFill(m *image.RGBA, p image.Point, c color.RGBA, seen map[image.Point]bool) (box image.Rectangle, area int) {
	todo := []image.Point{p}
	seen[p] = true
	for len(todo) > 0 {
		p, todo = todo[len(todo)-1], todo[:len(todo)-1]
		box = box.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
		area++
		for _, by := range []image.Point{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}} {
			if next := p.Add(by); next.In(m.Rect) && !seen[next] && hasColor(m, next, c) {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return box, area
}

// waitButton waits for a button of a color in a part of the display and returns its position.
func (d *display) waitButton(what string, c color.RGBA, in image.Rectangle) image.Rectangle {
	d.t.Helper()
	var found image.Rectangle
	waitUntil(d.t, what, func() bool {
		box, ok := findButton(d.takePicture(), c, in)
		found = box
		return ok
	})
	return found
}

// waitDialogClosed waits until the dialog is closed.
func (d *display) waitDialogClosed() {
	d.t.Helper()
	waitUntil(d.t, "the dialog is closed", func() bool {
		_, there := findButton(d.takePicture(), primary, dialogArea)
		return !there
	})
}

// clickButton clicks the middle of a button.
func (d *display) clickButton(b image.Rectangle) {
	d.t.Helper()
	d.click((b.Min.X+b.Max.X)/2, (b.Min.Y+b.Max.Y)/2)
}

// These are parts of the display, with the window in its initial layout.
var (
	headerArea  = image.Rect(0, 0, 1280, 110)     // the line with the Snapshot button
	dialogArea  = image.Rect(200, 110, 1100, 760) // cards and dialogs
	consoleArea = image.Rect(286, 144, 906, 720)  // the terminal, below its tabs and above the banner
	marksArea   = image.Rect(918, 112, 940, 740)  // the dots beside the snapshots
)

// countForeground returns the number of pixels in a part of a picture that do not have the background color.
func countForeground(m *image.RGBA, in image.Rectangle) int {
	background := m.RGBAAt(in.Max.X-1, in.Max.Y-1)
	n := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if m.RGBAAt(x, y) != background {
				n++
			}
		}
	}
	return n
}
