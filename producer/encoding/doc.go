// Package encoding makes the records of transactions and jobs. It decides which structures go
// along which routes, encodes them in the routes' formats, sets the headers, and finds what a
// format cannot express. It reads contents from the database, and sends and saves nothing.
package encoding
