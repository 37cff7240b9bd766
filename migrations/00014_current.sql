-- +goose Up

-- Who refers is found by documents. Without this each reference to what is deleted
-- or renamed cost a look through all that is current.
CREATE INDEX current_document ON current (document_id);
