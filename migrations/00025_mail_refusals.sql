-- +goose Up

-- Of a mail, those to whom it could not be sent when it was tried last: each is tried again by
-- itself. Who has it is in mails.sent_to, and who is to get it in mail_settings. In mails, attempts, error,
-- failed_at and next_at sum up; sent_at says since when nobody waits for it any more.
CREATE TABLE mail_refusals (
    mail      bigint NOT NULL REFERENCES mails ON DELETE CASCADE,
    address   text NOT NULL,
    attempts  integer NOT NULL, -- that failed
    error     text NOT NULL,
    failed_at timestamptz NOT NULL,
    next_at   timestamptz NOT NULL, -- of the next attempt
    PRIMARY KEY (mail, address)
);

-- When the mail server last took it for somebody, though others may wait for it still.
ALTER TABLE mails ADD COLUMN taken_at timestamptz;
