package qmp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"

	"vmterminal/vm/qmp"
)

func ExampleClient_Do() {
	conn, qemu := net.Pipe()
	go playQEMU(qemu)

	ctx := context.Background()
	c, err := qmp.Open(ctx, conn, nil) // Dial connects to a Unix socket
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = c.Close() }()
	var status struct {
		Status string `json:"status"`
	}
	if err := c.Do(ctx, "query-status", nil, &status); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.Status)
	// Output: running
}

// playQEMU greets and answers every command as if the VM were running.
func playQEMU(conn net.Conn) {
	fmt.Fprintln(conn, `{"QMP": {"version": {}, "capabilities": []}}`)
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		var request struct {
			ID uint64 `json:"id"`
		}
		if json.Unmarshal(lines.Bytes(), &request) != nil {
			return
		}
		fmt.Fprintf(conn, `{"return": {"status": "running"}, "id": %d}`+"\n", request.ID)
	}
}
