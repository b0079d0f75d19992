package console

import (
	"bytes"
	"regexp"
)

// query matches, at the start of a text, the sequences that a terminal answers by sending
// input to the guest: device attributes, status and cursor position, modes, window reports,
// the terminal's name and capabilities, its keyboard and colors. They are defined in xterm's
// ctlseqs and in ECMA-48.
var query = regexp.MustCompile(
	"^(?:\x1b\\[[0-9;:<=>?]*[cn]" + // DA, DSR
		"|\x1b\\[[0-9;?]*\\$p" + // DECRQM
		"|\x1b\\[[0-9;]*[tx]" + // window reports, DECREQTPARM
		"|\x1b\\[[>?][0-9;]*[qu]" + // XTVERSION, keyboard flags
		"|\x1bZ|\x05" + // DECID, ENQ
		"|\x1bP[+$]q[^\x1b\x07]*(?:\x1b\\\\|\x07)" + // XTGETTCAP, DECRQSS
		"|\x1b\\][0-9;]*;\\?(?:\x1b\\\\|\x07))", // colors
)

// queryStarts contains the possible first bytes of a query.
const queryStarts = "\x1b\x05"

func removeQueries(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for {
		at := bytes.IndexAny(text, queryStarts)
		if at < 0 {
			return append(out, text...)
		}
		out = append(out, text[:at]...)
		text = text[at:]
		if found := query.FindIndex(text); found != nil {
			text = text[found[1]:]
			continue
		}
		out = append(out, text[0])
		text = text[1:]
	}
}
