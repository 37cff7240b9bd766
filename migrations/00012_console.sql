-- +goose Up

-- What people look for in the console: the log by time and by who wrote it, and
-- structures by an id alone, in any case.
CREATE INDEX transactions_recorded ON transactions (recorded_at);
CREATE INDEX transactions_user ON transactions (user_name, number);
CREATE INDEX urns_name ON urns (upper(name));

-- How a structure is called, for the search: its id and its names in all languages.
-- The labels are made from the log, up to the transaction in labelled, by whoever
-- searches: a submission does not wait for them, and an older program beside this one
-- leaves none out.
CREATE TABLE labels (
    urn_id bigint PRIMARY KEY,
    class  text NOT NULL,
    agency text NOT NULL,
    label  text NOT NULL, -- the name to show
    words  text NOT NULL, -- what is searched, in lower case
    items  integer NOT NULL,
    latest boolean NOT NULL DEFAULT false
);
CREATE INDEX labels_agency ON labels (agency, class);
CREATE TABLE labelled (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    number   bigint NOT NULL DEFAULT 0
);
INSERT INTO labelled DEFAULT VALUES;
