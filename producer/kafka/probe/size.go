package probe

import (
	"context"
	"encoding/binary"
	"time"
)

// closeWait is how long a broker is given to close at a request that is too large.
// It looks at the length alone, so that a round trip is all that it takes.
const closeWait = 400 * time.Millisecond

// TakesRequest says whether a broker would read a request of so many bytes. Only
// its length is sent: above socket.request.max.bytes a broker closes at once. The
// connection is one of its own, and of no use afterwards.
func (d *Dialer) TakesRequest(ctx context.Context, server string, bytes int) (bool, error) {
	p, err := d.Open(ctx, server)
	if err != nil {
		return false, err
	}
	defer p.Close()
	defer p.bounded(ctx)()
	if _, err := p.conn.Write(binary.BigEndian.AppendUint32(nil, uint32(bytes))); err != nil {
		return false, err
	}
	p.conn.SetReadDeadline(time.Now().Add(closeWait))
	_, err = p.conn.Read(make([]byte, 1))
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return isTimeout(err), nil
}
