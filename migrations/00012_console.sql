-- +goose Up

-- What people look for in the console: the log by time and by who wrote it, and
-- structures by an id alone, in any case.
CREATE INDEX transactions_recorded ON transactions (recorded_at);
CREATE INDEX transactions_user ON transactions (user_name, number);
CREATE INDEX urns_name ON urns (upper(name));

-- How a structure is called, for the search: its id and its names in all languages.
-- Labels are made from the log, up to the change in labelled, by whoever searches: a
-- submission does not wait for them, and an older program beside this one leaves none
-- out.
CREATE TABLE labels (
    urn_id bigint PRIMARY KEY,
    urn    text NOT NULL,
    class  text NOT NULL,
    agency text NOT NULL,
    name   text NOT NULL,
    label  text NOT NULL,    -- the name to show
    words  text NOT NULL,    -- what is searched, folded
    items  integer NOT NULL,
    latest boolean NOT NULL  -- of the versions that are current
);
CREATE INDEX labels_urn ON labels (urn);
CREATE INDEX labels_key ON labels (class, agency, name);
CREATE INDEX labels_agency ON labels (agency);
CREATE INDEX labels_latest ON labels (class) WHERE latest;
CREATE TABLE labelled (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    number   bigint NOT NULL DEFAULT 0,
    position integer NOT NULL DEFAULT 0
);
INSERT INTO labelled DEFAULT VALUES;
