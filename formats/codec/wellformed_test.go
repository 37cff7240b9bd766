package codec_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"unicode"

	"urncast/formats/charset"
	"urncast/formats/codec"
	"urncast/formats/scan"
)

// scanXML scans an XML document of any vocabulary to its end.
func scanXML(in []byte) error {
	text, err := charset.Decode(bytes.NewReader(in), "")
	if err != nil {
		return err
	}
	s := codec.NewScanner(text, scan.Limits{Bytes: 1 << 20}).XML()
	_, end, err := s.NextTag("")
	if err == nil && end {
		err = errors.New("an end tag")
	}
	if err != nil {
		return err
	}
	if err := s.Here().Skip(); err != nil {
		return err
	}
	return s.Epilog()
}

// parseXML reads the same with encoding/xml.
func parseXML(in []byte) error {
	text, err := charset.Decode(bytes.NewReader(in), "")
	if err != nil {
		return err
	}
	d := xml.NewDecoder(text)
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // decoded already
	for {
		if _, err := d.Token(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

var documents = []string{
	`<a/>`, `<a>b<!-- c -->&amp;<![CDATA[d]]>&#x41;</a>`, `<?xml version = "1.0"?><a b='c' d="e"><f/></a><!-- g --><?h i?>`, `<a xmlns="u"><b:c xmlns:b="v" b:d="e"/></a>`, "<a>\r\nb\r</a>\n", `<é·/>`,
	`<a:b xmlns:a='x'></a:b >`, "\xFE\xFF\x00<\x00a\x00/\x00>", `<?xml version="1.0" encoding="ISO-8859-2"?><a>` + "\xb3" + `</a>`, "\xEF\xBB\xBF<a/>", `<a xml:lang="b" xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, `<a><![CDATA[]]]]>]]&gt;</a>`,
	``, ` `, `x`, `<`, `<a`, `<a>`, `</a>`, `<a></b>`, `<a/><b/>`, `<a/>b`, `b<a/>`, ` <?xml version="1.0"?><a/>`, `<a/><?xml version="1.0"?>`, `<a b="c" b="d"/>`, `<a b=c/>`, `<a b/>`, `<a b="<"/>`, `<a b="c"d="e"/>`,
	`<a>&b;</a>`, `<a>&</a>`, `<a>&#0;</a>`, `<a>&#xFFFE;</a>`, `<a>&#xD800;</a>`, `<a>]]></a>`, `<a><!-- -- --></a>`, `<a><!-- ---></a>`, `<a><??></a>`, `<a><?xml?></a>`, "<a>\x01</a>", "<a>\xff</a>", "<a>\uFFFF</a>", `<1a/>`, `<a 1="b"/>`,
	`<a><b></a></b>`, `<a></ a>`, `<a></a b="c">`, `< a/>`, `<a / >`, `<![CDATA[a]]><a/>`, `<a/><![CDATA[a]]>`, `&amp;<a/>`, `<?xml version="1.0" encoding="u" encoding="v"?><a/>`, `<?xml version="1.0" ?`, `<a><![CDATA[</a>`, `<a><!--</a>`, `<a><?b</a>`,
	`<a b="&lt"/>`, `<a b="]]>"/>`, "<a b='\x00'/>", `<a b:c:d="e" xmlns:b="u"/>`, `<a>&#65</a>`, `<?xml encoding="UTF-8"?><a/>`, `<?xml version="1.0" standalone="maybe"?><a/>`, `<?b:c d?><a/>`, "<a>\xED\xA0\x80</a>", `<a b="c" / >`, `<a><b c='d"/></a>`,
}

// The scanner refuses every document that encoding/xml refuses as not well-formed. encoding/xml
// accepts some that are not (see TestWellFormedAsLibxml), and knows only the names of older
// editions of XML.
func FuzzWellFormed(f *testing.F) {
	for _, d := range documents {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if scanXML(in) != nil {
			return
		}
		err := parseXML(in)
		if err == nil || strings.Contains(err.Error(), "unsupported version") {
			return // documents of version 1.1 are read as 1.0 (section 2.8)
		}
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return r > unicode.MaxASCII }) && strings.Contains(err.Error(), "name") {
			return
		}
		t.Errorf("%q is read, which encoding/xml refuses: %v", in, err)
	})
}

// The scanner refuses exactly the documents that libxml2 refuses, which implements all of XML
// 1.0 and namespaces.
func TestWellFormedAsLibxml(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	taken := 0
	for _, d := range documents {
		cmd := exec.Command(lint, "--noout", "--nonet", "-")
		cmd.Stdin = strings.NewReader(d)
		said, failed := cmd.CombinedOutput()
		theirs := failed == nil && !bytes.Contains(said, []byte("error"))
		ours := scanXML([]byte(d))
		if ours == nil {
			taken++
		}
		if theirs != (ours == nil) {
			t.Errorf("%q: libxml2 says %.200q, we %v", d, said, ours)
		}
	}
	if taken < 10 {
		t.Errorf("only %d documents were taken", taken)
	}
}
