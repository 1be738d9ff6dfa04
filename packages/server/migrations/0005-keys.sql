-- Who may use the server. Of a key only a hash is kept, which does not give the key back.
CREATE TABLE IF NOT EXISTS api_keys
(
    id String,
    -- SHA-256 of the secret part, in hex.
    hash String,
    name String,
    scopes Array(LowCardinality(String)),
    -- Milliseconds since the epoch.
    created Int64,
    state Enum8('valid' = 1, 'revoked' = 2),
    version UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY id;
