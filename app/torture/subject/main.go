// Command subject executes requests: each line of input is a usecase.Request, and each line of
// output is its usecase.Response. The tests simulate power cuts while it runs. It is built
// without the race detector, to be fast.
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
		var q usecase.Request
		err := in.Decode(&q)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = out.Encode(q.Handle())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "subject:", err)
			os.Exit(1)
		}
	}
}
