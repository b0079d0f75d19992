package blockserver

// Constants of the protocol, named as in its specification.
const (
	nbdMagic        = 0x4e42444d41474943 // "NBDMAGIC"
	optionMagic     = 0x49484156454f5054 // "IHAVEOPT"
	optionReply     = 0x0003e889045565a9
	requestMagic    = 0x25609513
	simpleMagic     = 0x67446698
	structuredMagic = 0x668e33ef

	// Flags of the handshake.
	flagFixedNewstyle = 1 << 0
	flagNoZeroes      = 1 << 1

	// Options.
	optExportName      = 1
	optAbort           = 2
	optList            = 3
	optInfo            = 6
	optGo              = 7
	optStructuredReply = 8
	optListMetaContext = 9
	optSetMetaContext  = 10

	// Replies to options.
	repAck         = 1
	repServer      = 2
	repInfo        = 3
	repMetaContext = 4
	repErrUnsup    = 1<<31 + 1
	repErrInvalid  = 1<<31 + 3
	repErrUnknown  = 1<<31 + 6

	// Kinds of information in a reply to optInfo and optGo.
	infoExport    = 0
	infoBlockSize = 3

	// Transmission flags of an export.
	exportHasFlags     = 1 << 0
	exportReadOnly     = 1 << 1
	exportSendFlush    = 1 << 2
	exportCanMultiConn = 1 << 8
	exportSendCache    = 1 << 10
	exportFlags        = exportHasFlags | exportReadOnly | exportSendFlush | exportCanMultiConn | exportSendCache

	// Commands.
	cmdRead        = 0
	cmdWrite       = 1
	cmdDisconnect  = 2
	cmdFlush       = 3
	cmdTrim        = 4
	cmdCache       = 5
	cmdWriteZeroes = 6
	cmdBlockStatus = 7

	// cmdFlagReqOne asks for a single extent of a block status.
	cmdFlagReqOne = 1 << 3

	// Chunks of a structured reply.
	replyFlagDone        = 1 << 0
	replyTypeNone        = 0
	replyTypeOffsetData  = 1
	replyTypeOffsetHole  = 2
	replyTypeBlockStatus = 5
	replyTypeError       = 1<<15 + 1

	// States of an extent in the context base:allocation.
	stateHole = 1 << 0
	stateZero = 1 << 1

	// Error numbers, which are those of Linux.
	errnoPermission = 1
	errnoIO         = 5
	errnoInvalid    = 22

	metaContext   = "base:allocation"
	metaContextID = 1
)

const (
	// maxOption is the maximum size of an option's data that is accepted, and maxName that of
	// a name in it, both in bytes.
	maxOption = 64 << 10
	maxName   = 4096
	// maxRequest is the maximum length of a read in bytes. The specification recommends it.
	maxRequest = 32 << 20
	// preferredBlock is the block size that clients are asked to use, in bytes.
	preferredBlock = 64 << 10
	// readPart is the maximum number of bytes in one chunk of a reply.
	readPart = 1 << 20
	// maxExtents is the maximum number of extents in a block status; a client asks for the
	// rest.
	maxExtents = 8192
	// workers is the number of requests of one connection that are served at once.
	workers = 4
)
