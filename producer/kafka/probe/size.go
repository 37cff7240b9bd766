package probe

import (
	"context"
	"encoding/binary"
	"time"
)

// closeWait is how long a broker has to close the connection at a request that is too large. It
// needs a round trip, because it reads the length only.
const closeWait = 400 * time.Millisecond

// TakesRequest reports whether a broker would read a request of so many bytes. It sends the length
// only, on a connection of its own: above socket.request.max.bytes the broker closes at once.
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
