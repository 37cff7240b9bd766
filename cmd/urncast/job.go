package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"urncast/producer/control"

	"urncast/internal/client"
	"urncast/internal/output"
	"urncast/producer"
	"urncast/registry"
)

type producerPublish struct {
	yesFlag       `embed:""`
	registryFlags `embed:""`
	which         `embed:""`
	Topics        []string `help:"Publish to these of the producer's topics only."`
	filterFlags   `embed:""`
	From          int64 `help:"Publish only what this transaction and later ones touched."`
	To            int64 `help:"Publish only what was touched up to this transaction."`
}

// Run asks for a job.
func (c *producerPublish) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	scope := producer.Scope{Topics: c.Topics, Filter: c.filter(), From: registry.Number(c.From), To: registry.Number(c.To)}
	if len(c.Topics) == 0 && scope.Filter.IsZero() && c.From == 0 && c.To == 0 {
		if err := c.confirm("publish every current structure anew (a baseline)"); err != nil {
			return err
		}
	}
	var j control.JobStatus
	if _, err := c.Post(ctx, client.ProducerPath(s.Name, "jobs"), scope, &j); err != nil {
		return err
	}
	when := ""
	if j.After > s.Sent {
		when = fmt.Sprintf(" It begins when transaction %d is sent.", j.After)
	}
	fmt.Printf("Job %s (%s) is queued.%s urncast producer jobs --producer %s shows its progress.\n", j.ID, j.Kind, when, s.Name)
	return nil
}

type producerJobs struct {
	registryFlags `embed:""`
	which         `embed:""`
	JSON          bool `help:"As JSON."`
}

// Run lists jobs.
func (c *producerJobs) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	var jobs []control.JobStatus
	b, err := c.Get(ctx, client.ProducerPath(s.Name, "jobs"), &jobs)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	t := output.NewTable(os.Stdout, "id", "kind", "phase", "created", "structures")
	var notes []string
	for _, j := range jobs {
		phase := j.Phase
		switch {
		case j.Cancelling:
			phase += ", being cancelled"
		case j.After > s.Sent:
			phase += fmt.Sprintf(" for transaction %d", j.After)
		}
		t.Row(j.ID, j.Kind, phase, output.Moment(j.CreatedAt), fmt.Sprintf("%d of %d", j.Done, j.Structures))
		switch {
		case j.Leaves != "" && j.EndedAt.IsZero():
			notes = append(notes, fmt.Sprintf("Cancelling %s leaves this: %s", j.ID, j.Leaves))
		case j.Leaves != "":
			notes = append(notes, fmt.Sprintf("Cancelled, %s left this: %s", j.ID, j.Leaves))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Println("\n" + note)
	}
	return nil
}

type producerCancel struct {
	yesFlag       `embed:""`
	registryFlags `embed:""`
	which         `embed:""`
	Job           string `arg:"" help:"The job's id."`
}

// Run cancels a job.
func (c *producerCancel) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	if err := c.confirm("cancel job %s of producer %s (urncast producer jobs shows what that leaves)", c.Job, s.Name); err != nil {
		return err
	}
	var j control.JobStatus
	if _, err := c.Exchange(ctx, http.MethodDelete, client.ProducerPath(s.Name, "jobs", url.PathEscape(c.Job)), nil, &j); err != nil {
		return err
	}
	if !j.Cancelling {
		fmt.Printf("Job %s is cancelled. It had not begun.\n", j.ID)
		return nil
	}
	when := "The instance that publishes ends it."
	if s.State == producer.Suspended || s.State == producer.Stopped {
		when = fmt.Sprintf("The producer is %s: the job ends when the producer goes on.", s.State)
	}
	fmt.Printf("Job %s is being cancelled. %s\n%s\n", j.ID, when, j.Leaves)
	return nil
}
