// Package notice mails admins what their producers meet: each incident once, then digests
// while it lasts, then its end. A Mailer shares nothing with the publisher but the
// database, so a mail server that is slow or dead stops no publishing.
package notice
