package formats

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"

	"urncast/sdmx"
)

// encoded returns a text in an encoding.
func encoded(t *testing.T, name, text string) []byte {
	t.Helper()
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func declared(name, text string) string {
	return fmt.Sprintf("<?xml version = '1.0' encoding = '%s' ?>", name) + strings.Replace(with21("", ""), "<c:Name>n<", "<c:Name>"+text+"<", 1)
}

// A message is decoded in every encoding that is declared or named by the Content-Type, also
// if it is read a byte at a time.
func TestEncodings(t *testing.T) {
	for name, text := range map[string]string{
		"UTF-8": "Société 😀", "US-ASCII": "Societe", "ISO-8859-1": "Société", "latin1": "Société", "ISO-8859-2": "Łódź ř", "ISO-8859-5": "Москва", "ISO-8859-7": "Αθήνα",
		"ISO-8859-9": "İstanbul ş", "ISO-8859-15": "5 € œ", "windows-1250": "Łódź „ř”", "windows-1251": "Москва", "windows-1252": "5 € “q”", "windows-1253": "Αθήνα",
		"windows-1254": "İstanbul", "windows-1257": "Rīga", "KOI8-R": "Москва", "Shift_JIS": "東京", "EUC-JP": "東京", "GBK": "北京", "GB18030": "北京", "Big5": "臺北", "EUC-KR": "서울",
	} {
		if name == "UTF-8" || name == "US-ASCII" {
			check(t, name+" declared", []byte(declared(name, text)), "", text, "")
			continue
		}
		check(t, name+" declared", encoded(t, name, declared(name, text)), "", text, "")
		check(t, name+" by charset", encoded(t, name, strings.Replace(declared("", text), " encoding = ''", "", 1)), strings.ToLower(name), text, "")
		check(t, name+" by charset and declared", encoded(t, name, declared(name, text)), strings.ToUpper(name), text, "")
	}
	utf16 := func(order unicode.Endianness, mark unicode.BOMPolicy, text string) []byte {
		b, err := unicode.UTF16(order, mark).NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, order := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
		for _, says := range []string{"UTF-16", "utf-16le", "utf-16be"} {
			warning := ""
			if says == "utf-16le" && order == unicode.BigEndian || says == "utf-16be" && order == unicode.LittleEndian {
				warning = says
			}
			check(t, "UTF-16 declared as "+says, utf16(order, unicode.UseBOM, declared(says, "é 😀")), "", "é 😀", warning)
			check(t, "UTF-16 by charset "+says, utf16(order, unicode.UseBOM, declared("UTF-16", "é 😀")), says, "é 😀", warning)
		}
	}
	check(t, "UTF-16LE without mark, by charset", utf16(unicode.LittleEndian, unicode.IgnoreBOM, declared("UTF-16", "é")), "utf-16le", "é", "")
	check(t, "UTF-16 that declares nothing", utf16(unicode.BigEndian, unicode.UseBOM, with21("", "")), "", "n", "")
	check(t, "JSON in UTF-16", utf16(unicode.BigEndian, unicode.UseBOM, `{"Codelist":[{"id":"A","agencyId":"X","names":[{"locale":"en","value":"é"}]}]}`), "", "é", "")
}

// Contradicting encodings are reported, and the one with precedence is used (RFC 7303).
func TestEncodingContradictions(t *testing.T) {
	const mark = "\xEF\xBB\xBF"
	check(t, "mark against declaration", []byte(mark+declared("ISO-8859-1", "é")), "", "é", `byte order mark says UTF-8 and the XML declaration "ISO-8859-1": read as UTF-8`)
	check(t, "mark against charset", []byte(mark+declared("UTF-8", "é")), "iso-8859-2", "é", `byte order mark says UTF-8 and the Content-Type "iso-8859-2": read as UTF-8`)
	check(t, "charset against declaration", encoded(t, "ISO-8859-2", declared("UTF-8", "Łódź")), "iso-8859-2", "Łódź", `Content-Type says ISO-8859-2 and the XML declaration "UTF-8": read as ISO-8859-2`)
	check(t, "charset that JSON does not have", []byte(`{"Codelist":[{"id":"A","agencyId":"X","names":[{"locale":"en","value":"é"}]}]}`), "iso-8859-1", "é", "no meaning for JSON")
	check(t, "windows-1252 that says ISO-8859-1", encoded(t, "windows-1252", declared("ISO-8859-1", "“é”")), "", "“é”", "0x80 to 0x9f")
	check(t, "an unknown encoding beside a mark", []byte(mark+declared("x-mine", "é")), "", "é", `the XML declaration "x-mine"`)
}

func check(t *testing.T, what string, in []byte, charset, text, warning string) {
	t.Helper()
	for _, r := range []io.Reader{bytes.NewReader(in), iotest.OneByteReader(bytes.NewReader(in)), iotest.DataErrReader(bytes.NewReader(in))} {
		got := ""
		sum, err := Read(r, ReadOptions{Charset: charset}, func(m sdmx.Maintainable, _ string) error {
			got = m.Common().Names[0].Value
			return nil
		})
		said := strings.Trim(fmt.Sprint(sum.Warnings.First), "[]")
		if err != nil || got != text || !strings.Contains(said, warning) || warning == "" && said != "" {
			t.Errorf("%s: got %q, %v, warned %q; want %q and %q", what, got, err, said, text, warning)
		}
	}
}

// Encodings that are not supported, and bytes that are not a character, are errors with name
// and place.
func TestEncodingRefusals(t *testing.T) {
	plain := with21("", "")
	wide := func(text string, low bool) []byte {
		var b []byte
		for _, c := range []byte(text) {
			if low {
				b = append(b, c, 0)
			} else {
				b = append(b, 0, c)
			}
		}
		return b
	}
	for name, c := range map[string]struct {
		in, charset, want string
	}{
		"not known":                   {declared("x-mine", ""), "", `line 1, column 1: the encoding "x-mine" is not read`},
		"charset not known":           {plain, "x-mine", `the encoding "x-mine", which the Content-Type names`},
		"UTF-7":                       {declared("UTF-7", ""), "", `the encoding "UTF-7" is not read`},
		"declared UTF-16 in UTF-8":    {declared("UTF-16", ""), "", `says "UTF-16", but is itself not written so`},
		"declared EBCDIC in ASCII":    {declared("IBM037", ""), "", `says "IBM037", but is itself not written so`},
		"charset UTF-16 without mark": {plain, "utf-16", "begin it with one"},
		"UTF-16LE without mark":       {string(wide(plain, true)), "", "UTF-16 (little-endian) without a byte order mark"},
		"UTF-16BE without mark":       {string(wide(plain, false)), "", "UTF-16 (big-endian) without a byte order mark"},
		"JSON in UTF-16LE":            {string(wide(`{"Codelist":[]}`, true)), "", "UTF-16 (little-endian) without a byte order mark"},
		"UTF-32":                      {"\xFF\xFE\x00\x00<\x00\x00\x00", "", "UTF-32"},
		"UTF-32 without mark":         {"\x00\x00\x00<\x00\x00\x00a", "", "UTF-32"},
		"EBCDIC":                      {"\x4C\x6F\xA7\x94\x93", "", "EBCDIC"},
		"ASCII that is none":          {declared("US-ASCII", "é"), "", "is no character in US-ASCII"},
		"a byte that 1252 has not":    {declared("windows-1252", "\x81"), "", fmt.Sprintf("column %d: a byte here is no character in windows-1252", strings.Index(declared("windows-1252", "\x81"), "\x81")+1)},
		"half a character":            {declared("Shift_JIS", "\x93"), "", "is no character in Shift_JIS"},
		"lone surrogate":              {"\xFF\xFE<\x00a\x00\x00\xD8b\x00", "", "line 1, column 3: half of a surrogate pair"},
		"half a unit":                 {"\xFE\xFF\x00<\x00a\x00", "", "middle of a character of UTF-16"},
		"noncharacter in UTF-16":      {"\xFE\xFF\x00<\x00a\xFF\xFE", "", "U+FFFE"},
		"Latin-1 that says nothing":   {strings.Replace(plain, ">n<", ">\xE9t\xE9<", 1), "", "byte 0xe9 is not valid UTF-8"},
	} {
		_, _, err := readAll(t, "", []byte(c.in), ReadOptions{Charset: c.charset})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// A message in another encoding is decoded while it is read: the first structure is yielded
// before much has been read.
func TestEncodingsAreStreamed(t *testing.T) {
	text := `<?xml version="1.0" encoding="windows-1250"?>` + head21 + "<s:Codelists>" +
		strings.Repeat(`<s:Codelist id="A" agencyID="X"><c:Name>Łódź</c:Name></s:Codelist>`, 100_000) + "</s:Codelists></m:Structures></m:Structure>"
	in := bytes.NewReader(encoded(t, "windows-1250", text))
	taken, size := int64(0), in.Size()
	_, err := Read(in, ReadOptions{}, func(sdmx.Maintainable, string) error {
		if taken == 0 {
			taken = size - int64(in.Len())
		}
		return nil
	})
	if err != nil || taken > 300_000 {
		t.Errorf("%d of %d bytes were taken before the first structure: %v", taken, size, err)
	}
}

// The time for names, declarations, attributes and pieces of text is in proportion to the
// message.
func TestXMLCosts(t *testing.T) {
	var names, spaces, attributes strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&names, "<a%d/>", i)
	}
	for i := range 300 {
		fmt.Fprintf(&spaces, " xmlns:a%d='urn:v'", i)
	}
	for i := range 2000 {
		fmt.Fprintf(&attributes, " a%d=''", i)
	}
	var members strings.Builder
	for i := range 450 {
		fmt.Fprintf(&members, `,"s%d":1,"a%d":[]`, i, i)
	}
	var passes strings.Builder
	for range 20_000 {
		passes.WriteString(`<s:Code id="A"/><c:Name>n</c:Name>`)
	}
	for name, c := range map[string]struct{ in, want string }{
		"members":    {`{"Codelist":[` + strings.TrimSuffix(strings.Repeat(`{"id":"A","agencyId":"X"`+members.String()+`},`, 20), ",") + `]}`, "more than 30 parts of one object"},
		"passes":     {with21("", passes.String()), ""},
		"names":      {with21("", names.String()), "different names"},
		"namespaces": {with21(spaces.String(), ""), "namespace declarations"},
		"attributes": {with21(attributes.String(), ""), "more than 1000 attributes"},
		"one name":   {with21(strings.Repeat("a", 5000)+"=''", ""), "a name is longer than"},
		"JSON's":     {`{"` + strings.Repeat("a", 5000) + `":1}`, "a key is longer than"},
		"pieces":     {named21(strings.Repeat("a<!---->", 1_000_000)), ""},
	} {
		ms, _, err := readAll(t, "", []byte(c.in), ReadOptions{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if name == "pieces" && (len(ms) != 1 || len(ms[0].(*sdmx.Codelist).Descriptions[0].Value) != 1_000_000) {
			t.Errorf("%s: the text is not whole", name)
		}
	}
}
