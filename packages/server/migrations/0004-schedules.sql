-- What is crawled by the clock, and how far each schedule is.
CREATE TABLE IF NOT EXISTS schedules
(
    name String,
    definition String,
    -- Whether the configuration has it; then only the configuration changes it.
    declared Bool,
    -- The last run, the time it was due; milliseconds since the epoch.
    slot Int64,
    -- `started` until its crawls are ordered, then `done` or `failed`; `removed` when the schedule is.
    state LowCardinality(String),
    crawls Array(UInt32),
    error String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY name;
