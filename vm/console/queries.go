package console

import "regexp"

// queries are what a terminal answers by typing into the guest: device
// attributes, status and cursor position, modes, window reports, the terminal's
// name and capabilities, its keyboard and colours. The sequences are those of
// xterm's ctlseqs and of ECMA-48.
var queries = regexp.MustCompile(
	"\x1b\\[[0-9;:<=>?]*[cn]" + // DA, DSR
		"|\x1b\\[[0-9;?]*\\$p" + // DECRQM
		"|\x1b\\[[0-9;]*[tx]" + // window reports, DECREQTPARM
		"|\x1b\\[[>?][0-9;]*[qu]" + // XTVERSION, keyboard flags
		"|\x1bZ|\x05" + // DECID, ENQ
		"|\x1bP[+$]q[^\x1b\x07]*(?:\x1b\\\\|\x07)" + // XTGETTCAP, DECRQSS
		"|\x1b\\][0-9;]*;\\?(?:\x1b\\\\|\x07)", // colours
)

func withoutQueries(text []byte) []byte { return queries.ReplaceAll(text, nil) }
