// Package notice mails admins about incidents of their producers: one mail when an incident
// begins, digests while it lasts, and one when it ends. A Mailer shares only the database with
// the publisher, so that a slow or dead mail server does not stop publishing.
package notice
