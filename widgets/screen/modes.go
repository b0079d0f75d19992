package screen

// MouseMode selects the mouse events that the guest receives.
type MouseMode uint8

// Each mode includes the events of the previous ones.
const (
	MouseNone   MouseMode = iota
	MousePress            // X10: presses only, without modifiers
	MouseClicks           // presses and releases
	MouseDrags            // and motion while a button is pressed
	MouseAll              // and all motion
)

// CursorShape is the shape of the cursor.
type CursorShape uint8

// The shapes that DECSCUSR selects.
const (
	CursorBlock CursorShape = iota
	CursorUnderline
	CursorBar
)

// Modes are the guest's settings of keyboard, mouse and cursor.
type Modes struct {
	AppCursor      bool // DECCKM: cursor keys send ESC O
	AppKeypad      bool
	BracketedPaste bool
	FocusEvents    bool
	Mouse          MouseMode
	MouseSGR       bool // report the mouse as CSI < … (mode 1006)
	WheelKeys      bool // the wheel sends cursor keys on the alternate screen
	Alternate      bool // the alternate screen is shown
	ReverseVideo   bool
	ShowCursor     bool
	CursorBlinks   bool
	Cursor         CursorShape
	Holding        bool // the guest is in a synchronized update (mode 2026)
}

// Modes returns the current modes.
func (s *Screen) Modes() Modes { return s.modes }

// privateModes affect only the screen itself.
type privateModes struct {
	autowrap, insert, newline bool
	columns                   bool // DECCOLM may clear the screen (mode 40)
}

func (s *Screen) setANSIMode(mode int, on bool) {
	switch mode {
	case 4:
		s.private.insert = on
	case 20:
		s.private.newline = on
	}
}

func (s *Screen) setDECMode(mode int, on bool) {
	if flag := s.decFlag(mode); flag != nil {
		*flag = on
		return
	}
	switch mode {
	case 3: // 80 or 132 columns: the size is the window's, only the side effects apply
		if s.private.columns {
			s.regionTop, s.regionEnd = 0, s.rows
			s.eraseScreen(2)
			s.cur.origin = false
			s.moveTo(0, 0)
		}
	case 6:
		s.cur.origin = on
		s.moveTo(0, 0)
	case 9, 1000, 1002, 1003:
		s.modes.Mouse = MouseNone
		if on {
			s.modes.Mouse = mouseModes[mode]
		}
	case 47, 1047:
		if !on && mode == 1047 && s.modes.Alternate {
			s.eraseScreen(2)
		}
		s.showAlternate(on)
	case 1048:
		s.saveOrRestoreCursor(on)
	case 1049:
		s.setMode1049(on)
	}
}

var mouseModes = map[int]MouseMode{9: MousePress, 1000: MouseClicks, 1002: MouseDrags, 1003: MouseAll}

// decFlag returns the variable of a DEC mode that is a plain flag.
func (s *Screen) decFlag(mode int) *bool {
	switch mode {
	case 1:
		return &s.modes.AppCursor
	case 5:
		return &s.modes.ReverseVideo
	case 7:
		return &s.private.autowrap
	case 12:
		return &s.modes.CursorBlinks
	case 25:
		return &s.modes.ShowCursor
	case 40:
		return &s.private.columns
	case 66:
		return &s.modes.AppKeypad
	case 1004:
		return &s.modes.FocusEvents
	case 1006:
		return &s.modes.MouseSGR
	case 1007:
		return &s.modes.WheelKeys
	case 2004:
		return &s.modes.BracketedPaste
	case 2026:
		return &s.modes.Holding
	}
	return nil
}

func (b *buffer) showAlternate(on bool) {
	b.modes.Alternate = on
	b.page = &b.main
	if on {
		b.page = &b.alt
	}
}

func (b *buffer) saveOrRestoreCursor(save bool) {
	if save {
		b.page.saved = b.cur
	} else {
		b.restoreCursor()
	}
}

func (b *buffer) setMode1049(on bool) {
	if on == b.modes.Alternate {
		return
	}
	if !on {
		b.showAlternate(false)
		b.restoreCursor()
		return
	}
	b.page.saved = b.cur
	b.showAlternate(true)
	b.eraseScreen(2)
}

// cursorStyle executes DECSCUSR.
func (s *Screen) cursorStyle(v int) {
	if v > 6 {
		return
	}
	s.modes.CursorBlinks = v == 0 || v%2 == 1
	s.modes.Cursor = CursorShape(max(0, v-1) / 2)
}

// Replies to DECRQM.
const (
	modeUnknown = 0
	modeSet     = 1
	modeReset   = 2
)

func modeSetting(on bool) int {
	if on {
		return modeSet
	}
	return modeReset
}

func (s *Screen) ansiModeSetting(mode int) int {
	switch mode {
	case 4:
		return modeSetting(s.private.insert)
	case 20:
		return modeSetting(s.private.newline)
	}
	return modeUnknown
}

func (s *Screen) decModeSetting(mode int) int {
	if flag := s.decFlag(mode); flag != nil {
		return modeSetting(*flag)
	}
	switch mode {
	case 6:
		return modeSetting(s.cur.origin)
	case 9, 1000, 1002, 1003:
		return modeSetting(s.modes.Mouse == mouseModes[mode])
	case 47, 1047, 1049:
		return modeSetting(s.modes.Alternate)
	}
	return modeUnknown
}
