package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/a-h/templ"

	"urncast/producer"
	"urncast/sdmx"
	"urncast/web/console/ui"
)

// within puts children into a component.
func within(part templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return part.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

// all draws components one after the other, and strings as raw HTML.
func all(parts ...any) templ.Component {
	var out []templ.Component
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, templ.Raw(p))
		case templ.Component:
			out = append(out, p)
		}
	}
	return templ.Join(out...)
}

// table draws a table with rows of cells.
func table(label string, heads []string, rows ...[]any) templ.Component {
	var columns []ui.Column
	for _, h := range heads {
		columns = append(columns, ui.Column{Word: h})
	}
	var drawn []templ.Component
	for _, cells := range rows {
		var row []templ.Component
		for i, c := range cells {
			row = append(row, within(ui.Cell(heads[i], ""), all(c)))
		}
		drawn = append(drawn, within(ui.Row(""), row...))
	}
	return all(`<div class="box">`, within(ui.Table(label, columns), drawn...), `</div>`)
}

var token = regexp.MustCompile(`--([a-z0-9-]+):light-dark\((#[0-9a-f]+),(#[0-9a-f]+)\)`)

// tokens draws the colours that the stylesheet defines.
func tokens() (templ.Component, error) {
	style, err := os.ReadFile("../../web/console/ui/console.css")
	if err != nil {
		return nil, err
	}
	found := token.FindAllStringSubmatch(string(style), -1)
	const across, wide, high = 6, 160, 60
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" width="100%%" role="img" aria-label="The colours">`, across*wide, (len(found)+across-1)/across*high)
	for i, t := range found {
		x, y := i%across*wide, i/across*high
		fmt.Fprintf(&b, `<rect x="%d.5" y="%d.5" width="32" height="40" rx="4" fill="var(--%s)" stroke="var(--line)"/>`, x, y, t[1])
		for n, line := range []string{t[1], t[2], t[3]} {
			fmt.Fprintf(&b, `<text class="mono" x="%d" y="%d" fill="var(--text%s)">%s</text>`, x+42, y+11+n*16, []string{"", "2", "2"}[n], line)
		}
	}
	b.WriteString(`</svg>`)
	return templ.Raw(b.String()), nil
}

func states() templ.Component {
	row := func(s producer.State, says string) []any { return []any{ui.State(s), says} }
	status := func(s, says string) []any { return []any{ui.Status(s), says} }
	return all(table("States of a producer", []string{"State", "Says"},
		row(producer.Idle, "All that was recorded is sent."), row(producer.Publishing, "A transaction is under way."),
		row(producer.Recovering, "It finds out what the topic holds. Nothing is sent meanwhile."), row(producer.Stopped, "Nobody started it, or somebody stopped it."),
		row(producer.Suspended, "A person holds it until it is resumed."), row(producer.Degraded, "It waits for its cluster and tries again by itself."),
		row(producer.Failed, "It stopped at a transaction, and needs a person.")), `<div class="under8"></div>`,
		table("What became of a transaction", []string{"Status", "Says"},
			status(producer.StatusPending, "It will be sent."), status(producer.StatusSent, "The broker acknowledged its commit."),
			status(producer.StatusSkipped, "It was left out, by a filter or by a person."), status(producer.StatusCovered, "A baseline holds what it made."),
			status(producer.StatusFailed, "The producer stopped at it.")))
}

func notices() templ.Component {
	fault := ui.Fault{What: "bis-public stopped at transaction 48213", Error: "Broker: Message size too large (MSG_SIZE_TOO_LARGE)",
		Structure: "ESTAT:GEO(24.0)", Limit: "max.message.bytes of sdmx.public.json is 1 048 588 bytes; the message has 1 312 044",
		Waiting: "7 transactions wait, this one first. Readers saw nothing of it.", Cure: "Raise the limit to at least 1 313 056 bytes, then start."}
	return all(within(ui.FaultNotice(fault), all(`<button class="btn pri">Start again…</button><button class="btn">Skip 48213…</button>`)),
		within(ui.Notice(ui.Soon, "imf-mirror waits for its cluster"), all(`<p>Nothing is lost; attempt 5 follows in 16 s.</p>`)),
		within(ui.Notice(ui.Well, "Saved. Every server was tried.")))
}

func form() templ.Component {
	f := &ui.Form{Inputs: []ui.Input{{Field: ui.Field{Name: "name", Label: "Name", Value: "bis public", Error: "A name has letters, digits, dots, underscores and hyphens, such as bis-public.",
		Help: "It is for good: messages and metrics carry it."}},
		{Field: ui.Field{Name: "topic", Label: "Topic", Value: "sdmx.public.json", Mono: true, Help: "A topic belongs to one route of one producer."}}}}
	return all(`<div class="box pad">`, ui.FormErrors("Nothing was made", f), `<form class="lines">`, ui.Inputs(f.Inputs),
		`<div class="acts"><a class="btn" href="/">Back</a><button class="btn pri">Make the producer</button><button class="btn danger">Delete…</button>`+
			`<button class="btn danger solid">Skip 48213</button><button class="btn quiet">Cancel</button></div></form></div>`)
}

func steps() templ.Component {
	line := func(s ui.StepState, name, finding, took string, under ...templ.Component) templ.Component {
		return within(ui.StepLine(ui.Step{State: s, Name: name, Finding: finding, Took: took}), under...)
	}
	return all(`<div class="box pad">`, within(ui.Steps(),
		line(ui.StepPassed, "The name resolves", "kafka1.example.org is 192.0.2.11.", "3 ms"),
		line(ui.StepFailed, "It accepts the login", "The broker refused user urncast: the password is not the one that it has.", "41 ms",
			all(`<div><b>Cure.</b> Set the password of the user anew.</div>`), ui.Command("kafka-configs --bootstrap-server kafka1.example.org:9093 --alter --entity-type users --entity-name urncast")),
		line(ui.StepRuns, "Every broker's advertised listener is reached", "2 of 3 answered.", ""),
		line(ui.StepNext, "Start a producer", "You decide whether it begins with everything or with the next change.", ""),
		line(ui.StepWaits, "A large message passes", "Not run: needs “It accepts the login”.", "")), `</div>`)
}

func names() templ.Component {
	u := sdmx.URN{Class: sdmx.ClassCodelist, Agency: "SDMX", ID: "CL_FREQ", Version: "2.1"}
	long := sdmx.URN{Class: sdmx.ClassCodelist, Agency: longAgency, ID: longID, Version: "1.0"}
	size := func(bytes int64) templ.Component { return ui.Bytes(ui.Meter{Bytes: bytes, Limit: 1_048_588}) }
	return table("Names and sizes", []string{"Name", "URN", "Size against its limit"},
		[]any{ui.Name(u), ui.URN(u.String()), size(301_000)}, []any{ui.Name(long), ui.URN(long.String()), size(1_012_044)},
		[]any{ui.PlainName(u), "", size(1_312_044)})
}

func empty() templ.Component {
	return within(ui.Empty("No producers", "A producer sends every structure transaction to Kafka, one for one and in order. It needs a connection first."),
		all(`<a class="btn pri" href="/connections/new">New connection…</a>`))
}

// styleSheet returns a page of all components, each under an id.
func styleSheet(f *ui.Frame) (templ.Component, error) {
	colours, err := tokens()
	if err != nil {
		return nil, err
	}
	shown := []templ.Component{ui.PageHead(ui.Head{Title: "Style"}, nil)}
	for _, s := range []struct {
		id, heading string
		part        templ.Component
	}{{"tokens", "Colours", colours}, {"states", "States", states()}, {"notices", "Notices", notices()}, {"form", "A form", form()},
		{"steps", "Steps", steps()}, {"names", "Names and sizes", names()}, {"empty", "Nothing here yet", empty()}} {
		shown = append(shown, all(`<div id="part-`+s.id+`">`, within(ui.Section(s.heading, "", nil), s.part), `</div>`))
	}
	return within(ui.Page(f), shown...), nil
}
