-- +goose Up

-- Which transaction the request with a key has become: a request of the same user with the
-- same key is answered with that one. A row is written with its transaction and stays as
-- long. A table of its own, and no column of transactions: an index there would read the
-- whole log once, and most transactions have no key.
CREATE TABLE request_keys (
    user_name text NOT NULL,
    key       text NOT NULL,
    number    bigint NOT NULL, -- the first of a pair; 0 if the request was given up, and may not be recorded any more
    PRIMARY KEY (user_name, key)
);
