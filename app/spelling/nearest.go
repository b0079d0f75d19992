// Package spelling suggests corrections for misspelled names.
package spelling

import "vmterminal/snapshot/durable"

// Nearest returns the name that is most similar to word: the first of those that need the
// fewest edits. An edit inserts, deletes or replaces a letter, or swaps two adjacent ones.
// Nearest returns "" if all names need more than one edit for every three letters of word.
func Nearest(word string, names []string) string {
	letters := []rune(durable.FoldName(word))
	if len(letters) > durable.MaxName {
		return ""
	}
	best, bestDistance := "", (len(letters)+2)/3+1
	for _, name := range names {
		if d := editDistance(letters, []rune(durable.FoldName(name))); d < bestDistance && d < len(letters) {
			best, bestDistance = name, d
		}
	}
	return best
}

// editDistance returns the minimum number of edits that turn a into b.
func editDistance(a, b []rune) int {
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
