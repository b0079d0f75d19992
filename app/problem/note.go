package problem

// A Note reports a problem that does not prevent an operation from continuing.
type Note struct {
	Code NoteCode
	// Path and Target are paths, User is a user name, Mode is an octal file mode, and Detail is
	// an error's text. Fields that the code does not use are empty.
	Path, Target, User, Mode, Detail string
}

// Map returns n with f applied to every text in it.
func (n Note) Map(f func(string) string) Note {
	return Note{NoteCode(f(string(n.Code))), f(n.Path), f(n.Target), f(n.User), f(n.Mode), f(n.Detail)}
}

// NoteCode says what is wrong.
type NoteCode string

// The note codes.
const (
	NoteUndoNotPlaced   NoteCode = "undo_not_placed"     // the undo disk is at Path instead of Target; Detail says why
	NoteStoreOtherOwner NoteCode = "store_other_owner"   // the store Path belongs to User
	NoteStoreOpen       NoteCode = "store_open_to_write" // all users can write to the store Path; Mode would prevent that
)

// Notes lists all note codes.
func Notes() []NoteCode { return []NoteCode{NoteUndoNotPlaced, NoteStoreOtherOwner, NoteStoreOpen} }
