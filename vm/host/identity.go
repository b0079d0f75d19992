package host

import (
	"context"
	"errors"
	"strings"
	"time"

	"vmterminal/vm/agent"
)

// An introduction tells one agent, after each of its hellos, which VM it is in.
// Who uses the VM is not held up by a guest that takes long, or never answers.
type introduction struct {
	link  *agentLink
	agent guestAgent

	cancel   context.CancelFunc
	answered chan struct{} // closed when none is under way; nil before the first
	noted    string        // the last note; the next begins after the one before has ended
}

// begin ends the introduction before and begins another. It returns when the
// guest has answered, or after the link's limit; then the answer, which the
// guest may take minutes for, is noted when it comes.
func (i *introduction) begin(ctx context.Context) {
	i.end()
	if i.link.who.ID == "" {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	answered := make(chan struct{})
	i.cancel, i.answered = cancel, answered
	go func() {
		defer close(answered)
		did, err := i.agent.Identify(ctx, i.link.who)
		if ctx.Err() != nil {
			return // not wanted any more, or told again
		}
		if text := outcome(did, err); text != "" && text != i.noted {
			i.noted = text
			i.link.note(text)
		}
	}()
	timer := time.NewTimer(i.link.limit)
	defer timer.Stop()
	select {
	case <-answered:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// end waits for what is under way, which it cancels.
func (i *introduction) end() {
	if i.cancel != nil {
		i.cancel()
		<-i.answered
	}
}

// outcome says in one line what came of telling the guest its identity; "" when
// nothing did.
func outcome(did agent.Identified, err error) string {
	switch {
	case errors.Is(err, agent.ErrUnsupported):
		return "the guest's agent is too old to be told which VM it is in: a copy of another VM keeps that one's identity"
	case errors.Is(err, agent.ErrRestarted), errors.Is(err, agent.ErrClosed):
		return "" // it is told again
	case err != nil:
		return "telling the guest which VM it is in: " + err.Error()
	}
	said := map[agent.Found]string{
		agent.First:   "the guest was told for the first time which VM it is in",
		agent.Renamed: "the guest was told the VM's new name",
		agent.Copied:  "the guest's disk was another VM's",
	}[did.Found]
	if said == "" {
		return ""
	}
	if len(did.Renewed) > 0 {
		said += "; made new: " + strings.Join(did.Renewed, ", ")
	}
	return strings.Join(append([]string{said}, did.Notes...), "; ")
}
