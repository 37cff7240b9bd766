package gateway

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

const (
	// bufferBytes is the size of the buffer for each direction of a connection.
	bufferBytes = 64 << 10
	// wholeBytes bounds what is held of a frame that is read: an answer of our
	// own requests, or the part of an answer that names the brokers.
	wholeBytes = 1 << 20
	// strangerBytes bounds the frames of somebody who has not shown the secret.
	strangerBytes = 16 << 10
	// requestHead is key, version and correlation id; answerHead the latter.
	requestHead = 8
	answerHead  = 4
)

// A request is the head of a request frame.
type request struct {
	size        int // of what follows the head
	key         int16
	version     int16
	correlation int32
}

// readRequest reads the length and the head of a request.
func readRequest(r *bufio.Reader) (q request, err error) {
	var head [4 + requestHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return q, err
	}
	size := int32(binary.BigEndian.Uint32(head[:]))
	if size < requestHead {
		return q, fmt.Errorf("a request's length is %d, which is no Kafka frame", size)
	}
	q.size = int(size) - requestHead
	q.key = int16(binary.BigEndian.Uint16(head[4:]))
	q.version = int16(binary.BigEndian.Uint16(head[6:]))
	q.correlation = int32(binary.BigEndian.Uint32(head[8:]))
	return q, nil
}

// head returns the frame's length and head as they were read.
func (q request) head() []byte {
	b := make([]byte, 0, 4+requestHead)
	b = binary.BigEndian.AppendUint32(b, uint32(q.size+requestHead))
	b = binary.BigEndian.AppendUint16(b, uint16(q.key))
	b = binary.BigEndian.AppendUint16(b, uint16(q.version))
	return binary.BigEndian.AppendUint32(b, uint32(q.correlation))
}

// readAnswer reads the length and the correlation id of an answer; size is what
// follows them.
func readAnswer(r *bufio.Reader) (size int, correlation int32, err error) {
	var head [4 + answerHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, err
	}
	n := int32(binary.BigEndian.Uint32(head[:]))
	if n < answerHead {
		return 0, 0, fmt.Errorf("an answer's length is %d, which is no Kafka frame", n)
	}
	return int(n) - answerHead, int32(binary.BigEndian.Uint32(head[4:])), nil
}

// answerFrame begins an answer of which size bytes follow in all.
func answerFrame(size int, correlation int32) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 4+answerHead), uint32(size+answerHead))
	return binary.BigEndian.AppendUint32(b, uint32(correlation))
}

// readWhole reads n bytes at once; limit is what we are ready to hold.
func readWhole(r io.Reader, n, limit int) ([]byte, error) {
	if n > limit {
		return nil, fmt.Errorf("a frame of %d bytes is larger than the %d that are read at once", n, limit)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// relay passes n bytes on without holding more than the buffers do. What is ready
// is sent before it waits for more, so that nothing lies here unseen.
func relay(w *bufio.Writer, r *bufio.Reader, n int) error {
	for n > 0 {
		if r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
			if _, err := r.Peek(1); err != nil {
				return cut(err)
			}
		}
		b, err := r.Peek(min(n, r.Buffered()))
		if err != nil {
			return cut(err)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		n -= len(b)
		if _, err := r.Discard(len(b)); err != nil {
			return err
		}
	}
	return nil
}

// cut returns the error for a connection that ended inside of a frame.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A sink writes frames of several goroutines, each frame as a whole.
type sink struct {
	mu sync.Mutex
	w  *bufio.Writer
}

// frame writes one of the gateway's own frames and sends it.
func (s *sink) frame(parts ...[]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parts {
		if _, err := s.w.Write(p); err != nil {
			return err
		}
	}
	return s.w.Flush()
}

// relayed writes a frame whose rest comes from r. It is sent at once, unless the
// head of another is here already: then both go together.
func (s *sink) relayed(begin []byte, r *bufio.Reader, rest int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.w.Write(begin); err != nil {
		return err
	}
	if err := relay(s.w, r, rest); err != nil {
		return err
	}
	if r.Buffered() >= 4+requestHead {
		return nil
	}
	return s.w.Flush()
}

// flush sends what is buffered.
func (s *sink) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Flush()
}
