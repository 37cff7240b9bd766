package mail

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"urncast/producer"
	"urncast/producer/notice"
)

//go:embed letter.txt letter.html
var files embed.FS

var (
	textLetter = texttemplate.Must(texttemplate.ParseFS(files, "letter.txt"))
	htmlLetter = htmltemplate.Must(htmltemplate.ParseFS(files, "letter.html"))
)

// composed is a letter in both forms.
type composed struct{ Subject, Text, HTML string }

// A view is the data of the templates.
type view struct {
	Subject  string
	Headline string
	Reason   string // the error's own words
	Facts    []fact
	URNs     []string
	More     int // URNs that are not listed
	Do       []string
	Choices  []choice
	Link     string
	Foot     string
}

type fact struct{ Name, Value string }

type choice struct{ Command, Text string }

// compose writes the letter in both forms, from the same view.
func compose(s *notice.StoredSettings, l *notice.Letter, now time.Time) (*composed, error) {
	v := &view{Headline: headline(l, now), Reason: sentence(producer.WithoutCure(l.Reason, l.Cure)), Facts: facts(l), URNs: l.URNs, More: l.Structures - len(l.URNs)}
	v.Subject = tag(l.Environment) + " " + clean(subject(l, now))
	advise(v, l)
	if s.PublicURL != "" {
		v.Link = strings.TrimSuffix(s.PublicURL, "/") + "/"
		if l.Kind != notice.KindTest {
			v.Link += "producers/" + url.PathEscape(l.Producer)
		}
	}
	v.Foot = "This mail was sent by urncast, the SDMX registry, because your address is set in its mail settings (urncast mail show)."
	if l.Kind == notice.KindIncident && s.DigestEvery > 0 {
		v.Foot = "While it lasts you are told again every " + s.DigestEvery.String() + ", and once when it is over. " + v.Foot
	}
	var text, html strings.Builder
	if err := textLetter.Execute(&text, v); err != nil {
		return nil, fmt.Errorf("writing the mail's text: %w", err)
	}
	if err := htmlLetter.Execute(&html, v); err != nil {
		return nil, fmt.Errorf("writing the mail's HTML: %w", err)
	}
	return &composed{v.Subject, text.String(), html.String()}, nil
}

func tag(environment string) string {
	if environment = clean(environment); environment != "" {
		return "[urncast " + environment + "]"
	}
	return "[urncast]"
}

// clean joins the lines of a text to one, and removes control characters.
func clean(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// stateWords returns the state, with the transaction if there is one.
func stateWords(l *notice.Letter) string {
	text := string(l.State)
	if l.Number > 0 {
		text += fmt.Sprintf(" at transaction %d", l.Number)
	}
	if l.State == producer.Stopped {
		text += " and asks"
	}
	return text
}

func subject(l *notice.Letter, now time.Time) string {
	switch l.Kind {
	case notice.KindTest:
		return "a test mail"
	case notice.KindRecovered:
		return fmt.Sprintf("%s publishes again: %s is over", l.Producer, stateWords(l))
	case notice.KindDigest:
		return fmt.Sprintf("%s still %s, for %s: %s", l.Producer, stateWords(l), lasted(now.Sub(l.Since)), l.Brief)
	}
	if l.State == producer.Degraded {
		return fmt.Sprintf("%s %s for %s: %s", l.Producer, stateWords(l), lasted(now.Sub(l.Since)), l.Brief)
	}
	return fmt.Sprintf("%s %s: %s", l.Producer, stateWords(l), l.Brief)
}

func headline(l *notice.Letter, now time.Time) string {
	name := "Producer " + l.Producer
	switch l.Kind {
	case notice.KindTest:
		return "This is a test mail, " + l.Brief + ". Mails from this registry arrive here."
	case notice.KindRecovered:
		return fmt.Sprintf("%s publishes again. It had been %s for %s.", name, l.State, lasted(l.Ended.Sub(l.Since)))
	case notice.KindDigest:
		name += " still"
	}
	at := ""
	if l.Number > 0 {
		at = fmt.Sprintf(" at transaction %d", l.Number)
	}
	switch l.State {
	case producer.Failed:
		return fmt.Sprintf("%s stands still: it FAILED%s, and retries cannot help. Nothing is skipped: what is pending waits, and so does what is recorded meanwhile.", name, at)
	case producer.Stopped:
		return name + " stands still, and asks: it is STOPPED until an admin decides. What is pending waits, and so does what is recorded meanwhile."
	}
	return fmt.Sprintf("%s is DEGRADED, for %s now: it cannot publish, and goes on trying by itself. What is pending waits, and so does what is recorded meanwhile.", name, lasted(now.Sub(l.Since)))
}

func facts(l *notice.Letter) []fact {
	if l.Kind == notice.KindTest {
		return nil
	}
	var topics []string
	for _, r := range l.Routes {
		topics = append(topics, fmt.Sprintf("%s (%s)", r.Topic, r.Format))
	}
	out := []fact{{"Producer", l.Producer}, {plural(len(topics), "Topic"), strings.Join(topics, ", ")}}
	if l.Number > 0 {
		text := fmt.Sprint(l.Number)
		if !l.RecordedAt.IsZero() {
			text += fmt.Sprintf(", recorded %s, %d %s", moment(l.RecordedAt), l.Structures, plural(l.Structures, "structure"))
		}
		out = append(out, fact{"Transaction", text})
	}
	out = append(out, fact{"Since", moment(l.Since)})
	if !l.Ended.IsZero() {
		out = append(out, fact{"Until", moment(l.Ended)})
	}
	if l.Times > 1 {
		out = append(out, fact{"Attempts", fmt.Sprintf("%d that ended so", l.Times)})
	}
	text := "none"
	if l.Pending > 0 {
		text = fmt.Sprintf("%d %s", l.Pending, plural(int(l.Pending), "transaction"))
		if !l.OldestPending.IsZero() {
			text += ", the oldest recorded " + moment(l.OldestPending)
		}
	}
	return append(out, fact{"Pending", text})
}

// advise fills in what the admin can do.
func advise(v *view, l *notice.Letter) {
	switch {
	case l.Kind == notice.KindTest:
		v.URNs, v.More = nil, 0
		return
	case l.Kind == notice.KindRecovered:
		v.Do = []string{"Nothing: what is pending is sent in order."}
		return
	}
	if l.Cure != "" {
		v.Do = append(v.Do, sentence(l.Cure))
	}
	start := producer.Command("start", l.Producer)
	switch {
	case l.State == producer.Failed:
		if l.Cure == "" {
			v.Do = append(v.Do, "Mend what the error names.")
		}
		if strings.Contains(l.Cure, "start the producer") {
			v.Do = append(v.Do, "What is pending is then sent in order.")
		} else {
			v.Do = append(v.Do, "When the cause is gone, start the producer: what is pending is sent in order.")
		}
		v.Choices = []choice{{start, "tries again. So does a restart of the process."}}
		if l.Number > 0 {
			v.Choices = append(v.Choices, choice{producer.Command(fmt.Sprintf("skip %d", l.Number), l.Producer) + " --reason …", "leaves the transaction off the topic for good, and goes on."})
		}
	case l.State == producer.Stopped && len(l.Ask) > 0:
		v.Do = append(v.Do, "Look at what was found, then decide.")
		for _, a := range l.Ask {
			v.Choices = append(v.Choices, choice{start + " --" + a.Name, clean(a.Text)})
		}
	case l.State == producer.Stopped:
		v.Do = append(v.Do, "Mend what was found, then start the producer.")
		v.Choices = []choice{{start, "looks again."}}
	default:
		v.Do = append(v.Do, "Look at the brokers and at the network between them and urncast. The producer goes on by itself when they answer.")
	}
}

// sentence returns a text with a capital at its beginning and a full stop at its end.
func sentence(text string) string {
	runes := []rune(clean(text))
	if len(runes) == 0 {
		return ""
	}
	runes[0] = unicode.ToUpper(runes[0])
	return strings.TrimSuffix(string(runes), ".") + "."
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// lasted formats a duration in its one or two largest units.
func lasted(d time.Duration) string {
	d = max(d, 0)
	days, hours, minutes, seconds := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d s", seconds)
}
