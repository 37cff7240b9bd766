package producer

import "fmt"

// A BadEditError says what is wrong with an edit, before anything is asked of it.
type BadEditError struct{ Text string }

// Error gives the sentence.
func (e *BadEditError) Error() string { return e.Text }

// BadEdit makes a BadEditError of a sentence.
func BadEdit(format string, args ...any) error { return &BadEditError{fmt.Sprintf(format, args...)} }
