package console

import (
	"bytes"
	"regexp"
)

// query is what a terminal answers by typing into the guest: device attributes,
// status and cursor position, modes, window reports, the terminal's name and
// capabilities, its keyboard and colours. The sequences are those of xterm's
// ctlseqs and of ECMA-48. It matches at the start of a text only.
var query = regexp.MustCompile(
	"^(?:\x1b\\[[0-9;:<=>?]*[cn]" + // DA, DSR
		"|\x1b\\[[0-9;?]*\\$p" + // DECRQM
		"|\x1b\\[[0-9;]*[tx]" + // window reports, DECREQTPARM
		"|\x1b\\[[>?][0-9;]*[qu]" + // XTVERSION, keyboard flags
		"|\x1bZ|\x05" + // DECID, ENQ
		"|\x1bP[+$]q[^\x1b\x07]*(?:\x1b\\\\|\x07)" + // XTGETTCAP, DECRQSS
		"|\x1b\\][0-9;]*;\\?(?:\x1b\\\\|\x07))", // colours
)

// queryBegins are the bytes that a query can begin with.
const queryBegins = "\x1b\x05"

func withoutQueries(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for {
		at := bytes.IndexAny(text, queryBegins)
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
