package screen_test

import (
	"fmt"

	"vmterminal/widgets/screen"
)

func ExampleScreen() {
	s := screen.New(20, 3)
	fmt.Fprint(s, "\x1b]0;build\x07\x1b[32mok\x1b[0m  tests passed")
	col, row := s.Cursor()
	fmt.Println(s.Title())
	fmt.Println(s.Text(s.All()))
	fmt.Println(col, row)
	// Output:
	// build
	// ok  tests passed
	// 16 0
}
