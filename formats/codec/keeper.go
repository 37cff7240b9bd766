package codec

import (
	"strings"

	"urncast/sdmx"
)

// A keeper makes strings and texts that are kept, many in one allocation.
type keeper struct {
	chunk strings.Builder
	size  int // of the next chunk
	texts []sdmx.Text
}

// chunkBytesMax is small, since a string that is kept longer than its structure keeps its chunk.
const chunkBytesMax = 32 << 10

func (k *keeper) keep(b []byte) string {
	switch n := len(b); {
	case n == 0:
		return ""
	case n > chunkBytesMax/4:
		return string(b)
	case k.chunk.Len()+n > k.chunk.Cap():
		k.size = min(max(2*k.size, 1<<10, n), chunkBytesMax)
		k.chunk = strings.Builder{}
		k.chunk.Grow(k.size)
	}
	from := k.chunk.Len()
	k.chunk.Write(b)
	return k.chunk.String()[from:]
}

// add appends a text to those of a property. Those of different properties follow each other in
// one array, and are capped so that none can grow into the next.
func (k *keeper) add(p *sdmx.Texts, t sdmx.Text) {
	n := len(k.texts)
	from := n - len(*p)
	grows := len(*p) == 0 || from >= 0 && &(*p)[0] == &k.texts[from:n][0]
	if !grows {
		*p = append(*p, t)
		return
	}
	if n == cap(k.texts) {
		k.texts = append(make([]sdmx.Text, 0, min(max(2*n, 8, 2*len(*p)), 512+len(*p))), *p...)
		n = len(k.texts)
		from = 0
	}
	k.texts = append(k.texts, t)
	*p = k.texts[from : n+1 : n+1]
}
