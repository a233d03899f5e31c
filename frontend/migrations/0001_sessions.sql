-- Only visitors who have signed in have a row here.
CREATE TABLE session (
    id TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);

CREATE INDEX session_by_expiry ON session (expires_at_ms);
