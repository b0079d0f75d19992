package doctor

// checkVMs reports VMs that cannot be used.
func (c *checker) checkVMs() []Finding {
	if c.vmsErr != nil {
		return []Finding{{Subject: SubjectVMs, Status: Blocking, Code: VMsUnlistable, Args: Args{Err: c.vmsErr}}}
	}
	var all []Finding
	for _, v := range c.vms {
		f := Finding{Subject: SubjectVM, Status: Note, Args: Args{VM: v.Name, Problem: v.Problem}}
		fix := Fix{Name: v.Name}
		switch v.State {
		case Broken:
			f.Code, fix.Action = VMBroken, ListSnapshots
		case NotAnswering:
			f.Code, fix.Action = VMNotAnswering, ForceStop
		case DiskReplaced:
			f.Code, fix.Action = VMDiskReplaced, SnapshotGuestDisk
		default:
			continue
		}
		all = append(all, f.withFixes(fix))
	}
	for _, note := range c.notes {
		all = append(all, Finding{Subject: SubjectVMs, Status: Note, Code: VMsNote, Args: Args{Text: note}})
	}
	if len(all) > 0 {
		return all
	}
	f := Finding{Subject: SubjectVMs, Status: OK, Code: VMsUsable, Args: Args{Count: len(c.vms)}}
	if len(c.vms) == 0 {
		f.Code = VMsNone
	}
	return []Finding{f}
}
