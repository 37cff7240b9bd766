// Package mail composes the mails to admins and sends them to the mail server. It is the only
// package that imports the mail library. Which mails are due, and to whom, is decided by
// package notice.
package mail
