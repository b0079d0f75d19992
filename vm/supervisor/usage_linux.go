package supervisor

import (
	"os"
	"strconv"
	"time"

	"vmterminal/vm/supervisor/client"
)

// userHz is the unit of times in /proc, the same on all supported architectures.
const userHz = 100

// processUsage returns the resource usage of a process.
func processUsage(pid int) client.Usage {
	fields, err := client.ProcStat(pid)
	if err != nil {
		return client.Usage{}
	}
	const utime, stime, rss = 11, 12, 21
	number := func(field int) int64 {
		n, _ := strconv.ParseInt(string(fields[field]), 10, 64) // the kernel writes valid numbers
		return n
	}
	return client.Usage{
		CPUTime: time.Duration(number(utime)+number(stime)) * (time.Second / userHz),
		Memory:  number(rss) * int64(os.Getpagesize()),
	}
}
