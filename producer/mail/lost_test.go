package mail

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"urncast/integration/rig"
	"urncast/producer/notice"
)

// A mood says what a server does at a command of its n-th connection, after it took some mails on
// that: it answers, or hangs up, or both.
type mood func(connection, taken int, command string) (answer string, hangUp bool)

// A moody server speaks just enough SMTP to end a connection at any point.
type moody struct {
	mood mood

	mu    sync.Mutex
	to    []string // whose mails it took
	dials int
}

func startMoody(t *testing.T, m mood) (*moody, *rig.SMTPServer) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &moody{mood: m}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.dials++
			n := s.dials
			s.mu.Unlock()
			go s.serve(conn, n)
		}
	}()
	return s, &rig.SMTPServer{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
}

func (s *moody) serve(conn net.Conn, n int) {
	defer conn.Close()
	taken, to := 0, ""
	say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 mail.rig")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		command := lines.Text()
		answer, hangUp := s.mood(n, taken, command)
		if answer == "" && hangUp {
			return
		}
		switch word, rest, _ := strings.Cut(command, " "); {
		case answer != "":
			say(answer)
		case word == "RCPT":
			to = strings.Trim(rest[strings.IndexByte(rest, '<'):], "<>")
			say("250 fine")
		case word == "DATA":
			say("354 go on")
			for lines.Scan() && lines.Text() != "." {
			}
			if answer, hangUp = s.mood(n, taken, "."); answer != "" || hangUp {
				say(answer)
				break
			}
			s.mu.Lock()
			s.to = append(s.to, to)
			s.mu.Unlock()
			taken++
			say("250 taken")
		case word == "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
		if hangUp {
			return
		}
	}
}

// If a server ends the connection between two mails, by 421 or without an answer, the remaining
// mails go over another one. Accepted mails are not sent again.
func TestConnectionThatEnds(t *testing.T) {
	const away = "421 4.3.2 too much mail on one connection"
	all := []string{"a@example.org", "b@example.org", "c@example.org"}
	at := func(word, answer string) mood {
		return func(_, taken int, command string) (string, bool) {
			if taken > 0 && strings.HasPrefix(command, word) {
				return answer, true
			}
			return "", false
		}
	}
	for _, row := range []struct {
		what  string
		mood  mood
		sent  []string
		says  []string
		dials int
	}{
		{"421 at RSET", at("RSET", away), all, nil, 3},
		{"dropped at RSET", at("RSET", ""), all, nil, 3},
		{"421 at MAIL", at("MAIL", away), all, nil, 3},
		{"dropped at MAIL", at("MAIL", ""), all, nil, 3},
		{"421 at RCPT", at("RCPT", away), all, nil, 3},
		{"dropped at DATA", at("DATA", ""), all, nil, 3},
		// The content was handed over and not answered: it may have been taken, so it is not
		// sent again at once; the queue does that later, under the same Message-ID.
		{"dropped after the content", at(".", ""), []string{"a@example.org", "c@example.org"}, []string{"b@example.org"}, 2},
		{"421 to everybody but the first", func(n, taken int, command string) (string, bool) {
			if n > 1 || taken > 0 && strings.HasPrefix(command, "MAIL") {
				return away, true
			}
			return "", false
		}, all[:1], []string{"could not be used", "too much mail"}, 2},
		{"one that refuses", func(_, _ int, command string) (string, bool) {
			if strings.Contains(command, "b@example.org") {
				return "550 no such user", false
			}
			return "", false
		}, []string{"a@example.org", "c@example.org"}, []string{"b@example.org", "no such user"}, 1},
	} {
		t.Run(row.what, func(t *testing.T) {
			server, at := startMoody(t, row.mood)
			sent, err := send(t, settings(t, at, nil, notice.Plaintext), failure(), all...)
			if !slices.Equal(sent, row.sent) || (err != nil) != (row.says != nil) {
				t.Errorf("sent to %v: %v", sent, err)
			}
			for _, words := range row.says {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("the error does not say %q: %v", words, err)
				}
			}
			server.mu.Lock()
			defer server.mu.Unlock()
			if !slices.Equal(server.to, row.sent) || server.dials != row.dials {
				t.Errorf("the server took mails for %v over %d connections, want %v over %d", server.to, server.dials, row.sent, row.dials)
			}
		})
	}
}
