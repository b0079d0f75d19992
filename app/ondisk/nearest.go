package ondisk

// Nearest returns the name that somebody who wrote word most likely meant: the
// first of those with the fewest letters added, lost, replaced or swapped with
// their neighbour, at most one for each three letters. "" if none is that near.
func Nearest(word string, names []string) string {
	meant := []rune(FoldName(word))
	if len(meant) > MaxName {
		return ""
	}
	best, least := "", (len(meant)+2)/3+1
	for _, name := range names {
		if d := distance(meant, []rune(FoldName(name))); d < least && d < len(meant) {
			best, least = name, d
		}
	}
	return best
}

// distance counts the edits that turn a into b, one of which is to swap two
// neighbours.
func distance(a, b []rune) int {
	before, last, row := []int(nil), []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// DidYouMean is the end of a message about a name that is not there: a question
// if one that is there is near it, or else "".
func DidYouMean(word string, names []string) string {
	if name := Nearest(word, names); name != "" {
		return "; did you mean '" + name + "'?"
	}
	return ""
}
