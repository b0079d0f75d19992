// Command subject answers questions: each line of its input is a
// usecase.Question, each of its output the usecase.Answer. It is what power is
// cut under, and without the race detector it is quick at looking.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"vmterminal/app/torture/usecase"
)

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var q usecase.Question
		err := in.Decode(&q)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = out.Encode(q.Answer())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "subject:", err)
			os.Exit(1)
		}
	}
}
