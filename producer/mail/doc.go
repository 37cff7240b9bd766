// Package mail writes the mails to admins and hands them to their mail server. It
// is the only import of the mail library. What is to be told, to whom and when is
// decided in package producer; a mail is here from the moment it is due until the
// server has taken it.
package mail
