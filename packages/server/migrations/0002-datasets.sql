-- What each dataset is; its rows are in dataset_<id>.
CREATE TABLE IF NOT EXISTS datasets
(
    id UInt32,
    definition String,
    known_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(known_at) ORDER BY id;
