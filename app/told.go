package app

import "slices"

// Told is a problem of the past in the parts that are kept of it, so that it can
// be said in another language than that of its Line.
type Told struct {
	Doing  Phrase   `json:"doing"`
	Left   []Phrase `json:"left,omitempty"`
	Detail string   `json:"detail"`
	Hint   string   `json:"hint,omitempty"`
}

// told is what is kept of a problem, nil if that would not do to say it again.
func (p Problem) told() *Told {
	if p.Doing.Format == "" {
		return nil
	}
	return &Told{Doing: p.Doing, Left: p.Left, Detail: p.Detail, Hint: p.Hint}
}

// Problem is the problem again, but for its exit code.
func (t Told) Problem() Problem {
	return Problem{
		Title: couldNot + t.Doing.String(), Detail: t.Detail, Disk: said(t.Left), Hint: t.Hint,
		Exit: ExitFailure, Doing: t.Doing, Left: t.Left,
	}
}

// plain is what was read from a file, made harmless to show; nil stays nil.
func (t *Told) plain() *Told {
	if t == nil || t.Doing.Format == "" {
		return nil
	}
	safe := Told{Doing: t.Doing.plain(), Detail: Plain(t.Detail), Hint: Plain(t.Hint)}
	for _, p := range t.Left {
		safe.Left = append(safe.Left, p.plain())
	}
	return &safe
}

func (p Phrase) plain() Phrase {
	args := slices.Clone(p.Args)
	for i := range args {
		args[i] = Plain(args[i])
	}
	return Phrase{Format: Plain(p.Format), Args: args}
}
