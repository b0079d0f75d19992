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

// pictures is the folder that pictures are left in.
func pictures() string {
	if dir := os.Getenv("VMTERMINAL_PICTURES"); dir != "" {
		return dir
	}
	return filepath.Join(module, "build", "pictures")
}

// The display's size, in points.
const width, height = 1280, 800

// picture is the display as it is now.
func (d *display) picture() *image.RGBA {
	d.t.Helper()
	cmd := exec.Command("import", "-window", "root", "-depth", "8", "rgba:-")
	cmd.Env = d.around(bare())
	points, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("import: %v", err)
	}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	if copy(m.Pix, points) != len(m.Pix) {
		d.t.Fatalf("a picture of the display has %d bytes, and should have %d", len(points), len(m.Pix))
	}
	return m
}

// settled is the display once it has stopped changing, or what it is after a
// while: cursors blink and bars move.
func (d *display) settled() *image.RGBA {
	d.t.Helper()
	now := d.picture()
	within(2*time.Second, func() bool {
		before := now
		now = d.picture()
		return bytes.Equal(before.Pix, now.Pix)
	})
	return now
}

// keep leaves a picture of the display for people.
func (d *display) keep(name string) {
	d.t.Helper()
	if err := os.MkdirAll(pictures(), 0o755); err != nil {
		d.t.Fatal(err)
	}
	d.taken++
	test := strings.TrimPrefix(d.t.Name(), "Test")
	f, err := os.Create(filepath.Join(pictures(), fmt.Sprintf("%s-%02d-%s.png", test, d.taken, name)))
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, d.settled()); err != nil {
		d.t.Fatal(err)
	}
}

// The colours of buttons in the dark look.
var (
	primary = color.RGBA{0x4a, 0x86, 0xff, 0xff} // the one to press
	warning = color.RGBA{0xf0, 0xb1, 0x3c, 0xff} // one that undoes things
	danger  = color.RGBA{0xf0, 0x64, 0x5f, 0xff} // one that ends or deletes things
)

// near tells whether a point has a colour, or the shade of it that the mouse
// leaves on a button.
func near(m *image.RGBA, p image.Point, c color.RGBA) bool {
	at := m.Pix[m.PixOffset(p.X, p.Y):]
	for i, want := range []uint8{c.R, c.G, c.B} {
		if by := int(at[i]) - int(want); by < -20 || by > 20 {
			return false
		}
	}
	return true
}

// button finds the largest button of a colour in a part of a picture. One that
// a question shades has another colour.
func button(m *image.RGBA, c color.RGBA, in image.Rectangle) (image.Rectangle, bool) {
	var best image.Rectangle
	seen := map[image.Point]bool{}
	for y := in.Min.Y; y < in.Max.Y; y += 4 {
		for x := in.Min.X; x < in.Max.X; x += 4 {
			if p := image.Pt(x, y); !seen[p] && near(m, p, c) {
				box, area := spread(m, p, c, seen)
				looks := box.Dx() >= 60 && box.Dy() >= 24 && 2*area >= points(box)
				if looks && box.In(in) && points(box) > points(best) {
					best = box
				}
			}
		}
	}
	return best, !best.Empty()
}

func points(r image.Rectangle) int { return r.Dx() * r.Dy() }

// spread is the box around all points of a colour that hang together with p,
// and their number.
func spread(m *image.RGBA, p image.Point, c color.RGBA, seen map[image.Point]bool) (box image.Rectangle, area int) {
	todo := []image.Point{p}
	seen[p] = true
	for len(todo) > 0 {
		p, todo = todo[len(todo)-1], todo[:len(todo)-1]
		box = box.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
		area++
		for _, by := range []image.Point{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}} {
			if next := p.Add(by); next.In(m.Rect) && !seen[next] && near(m, next, c) {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return box, area
}

// awaitButton waits until there is a button of a colour in a part of the
// display.
func (d *display) awaitButton(what string, c color.RGBA, in image.Rectangle) image.Rectangle {
	d.t.Helper()
	var found image.Rectangle
	until(d.t, what, func() bool {
		box, ok := button(d.picture(), c, in)
		found = box
		return ok
	})
	return found
}

// awaitAnswered waits until the question is gone.
func (d *display) awaitAnswered() {
	d.t.Helper()
	until(d.t, "the question is gone", func() bool {
		_, there := button(d.picture(), primary, sheet)
		return !there
	})
}

// push clicks into the middle of a button.
func (d *display) push(b image.Rectangle) {
	d.t.Helper()
	d.click((b.Min.X+b.Max.X)/2, (b.Min.Y+b.Max.Y)/2)
}

// The parts of the display, with the window as it opens.
var (
	head    = image.Rect(0, 0, 1280, 110)     // the line with the Snapshot button
	sheet   = image.Rect(200, 110, 1100, 760) // where cards and questions are
	console = image.Rect(286, 144, 906, 720)  // the terminal, below its tabs and above the banner
	marks   = image.Rect(918, 112, 940, 740)  // the dots beside the snapshots
)

// ink is how many points of a part of a picture are not of its ground's colour.
func ink(m *image.RGBA, in image.Rectangle) int {
	ground := m.RGBAAt(in.Max.X-1, in.Max.Y-1)
	n := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if m.RGBAAt(x, y) != ground {
				n++
			}
		}
	}
	return n
}
