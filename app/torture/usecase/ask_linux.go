package usecase

// A Question is what a process of the tests is asked to do on a home: a use
// case, or, with no words, a look. Both are a line of JSON.
type Question struct {
	Home  string
	Words []string
}

// An Answer says that it is done, or what went wrong.
type Answer struct {
	Failed string `json:",omitempty"`
	World  World  `json:",omitempty"`
}

// Answer does what is asked.
func (q Question) Answer() Answer {
	var a Answer
	var err error
	if len(q.Words) == 0 {
		a.World, err = Look(q.Home)
	} else {
		err = Do(Open(q.Home), q.Words...)
	}
	if err != nil {
		a.Failed = err.Error()
	}
	return a
}
