-- Tasks of the queue in this process, once for each crawl that wants them: a page that one crawl drops and another wants
-- stays. Rows of one task that wait share place, attempts and not_before. With Redis they are there.
CREATE TABLE IF NOT EXISTS crawl_tasks
(
    connector LowCardinality(String),
    key String,
    crawl UInt32,
    handler LowCardinality(String),
    params String CODEC(ZSTD(3)),
    state LowCardinality(String),
    attempts UInt16,
    not_before DateTime64(3, 'UTC'),
    error String,
    place UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (connector, key, crawl);

-- Emptied and not dropped, so that all of this may be repeated after a crash.
INSERT INTO crawl_tasks SELECT connector, key, crawl, handler, params, state, attempts, not_before, error, place, version FROM tasks FINAL;
TRUNCATE TABLE tasks;
