-- By what a system tells a content from another one behind the same reference (scripts/connectors/README.md, `file_marks`): where it shows another mark than
-- this, the file is read again. '' = it was not asked yet, or does not tell.
ALTER TABLE files ADD COLUMN mark TEXT NOT NULL DEFAULT '';
