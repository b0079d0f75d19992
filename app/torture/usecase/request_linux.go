package usecase

import "vmterminal/app"

// A Request asks a test process to run a use case on a store or, without words, to return the
// store's World. It is encoded as a line of JSON, like its Response.
type Request struct {
	Home  string
	Words []string
}

// A Response reports success or an error.
type Response struct {
	Error string `json:",omitempty"`
	World World  `json:",omitempty"`
}

// Handle executes the request.
func (r Request) Handle() Response {
	var resp Response
	var err error
	if len(r.Words) == 0 {
		resp.World, err = Inspect(r.Home)
	} else {
		err = Run(Open(r.Home), r.Words...)
	}
	if err != nil {
		resp.Error = app.Explain(err).String()
	}
	return resp
}
