package screen

// MouseMode is which mouse events the guest asked to be told.
type MouseMode uint8

// In the order of how much they tell.
const (
	MouseNone   MouseMode = iota
	MousePress            // X10: presses only, without modifiers
	MouseClicks           // presses and releases
	MouseDrags            // and motion while a button is down
	MouseAll              // and all motion
)

// CursorShape is how the guest wants the cursor drawn.
type CursorShape uint8

// The shapes of DECSCUSR.
const (
	CursorBlock CursorShape = iota
	CursorUnderline
	CursorBar
)

// Modes is what the guest asked of keyboard, mouse and cursor.
type Modes struct {
	AppCursor      bool // DECCKM: cursor keys send ESC O
	AppKeypad      bool
	BracketedPaste bool
	FocusEvents    bool
	Mouse          MouseMode
	MouseSGR       bool // report the mouse as CSI < … (mode 1006)
	WheelKeys      bool // on the alternate screen the wheel sends cursor keys
	Alternate      bool // the alternate screen is shown
	ReverseVideo   bool
	ShowCursor     bool
	CursorBlinks   bool
	Cursor         CursorShape
	Holding        bool // the guest is in the middle of a picture (mode 2026)
}

// Modes are the modes at present.
func (s *Screen) Modes() Modes { return s.modes }

// privateModes are those that matter to the screen alone.
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
	case 3: // 80 or 132 columns: the size is the window's, the rest is done
		if s.private.columns {
			s.top, s.end = 0, s.rows
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
		s.saveOrRestore(on)
	case 1049:
		s.alternate1049(on)
	}
}

var mouseModes = map[int]MouseMode{9: MousePress, 1000: MouseClicks, 1002: MouseDrags, 1003: MouseAll}

// decFlag is where a mode that is no more than a flag is kept.
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

func (s *Screen) showAlternate(on bool) {
	s.modes.Alternate = on
	s.page = &s.main
	if on {
		s.page = &s.alt
	}
}

func (s *Screen) saveOrRestore(save bool) {
	if save {
		s.saveCursor()
	} else {
		s.restoreCursor()
	}
}

func (s *Screen) alternate1049(on bool) {
	if on == s.modes.Alternate {
		return
	}
	if !on {
		s.showAlternate(false)
		s.restoreCursor()
		return
	}
	s.saveCursor()
	s.showAlternate(true)
	s.eraseScreen(2)
}

// cursorStyle is DECSCUSR.
func (s *Screen) cursorStyle(v int) {
	if v > 6 {
		return
	}
	s.modes.CursorBlinks = v == 0 || v%2 == 1
	s.modes.Cursor = CursorShape(max(0, v-1) / 2)
}

// Answers to "is this mode set?".
const (
	modeUnknown = 0
	modeSet     = 1
	modeReset   = 2
)

func modeIs(on bool) int {
	if on {
		return modeSet
	}
	return modeReset
}

func (s *Screen) ansiMode(mode int) int {
	switch mode {
	case 4:
		return modeIs(s.private.insert)
	case 20:
		return modeIs(s.private.newline)
	}
	return modeUnknown
}

func (s *Screen) decMode(mode int) int {
	if flag := s.decFlag(mode); flag != nil {
		return modeIs(*flag)
	}
	switch mode {
	case 6:
		return modeIs(s.cur.origin)
	case 9, 1000, 1002, 1003:
		return modeIs(s.modes.Mouse == mouseModes[mode])
	case 47, 1047, 1049:
		return modeIs(s.modes.Alternate)
	}
	return modeUnknown
}
