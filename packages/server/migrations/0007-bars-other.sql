-- What sources said of a bar that another source is kept for: docs/adr/0006. The one kept is in bars_<interval>.
CREATE TABLE IF NOT EXISTS bars_1m_other AS bars_1m
ENGINE = ReplacingMergeTree(known_at) PARTITION BY toYear(ts) ORDER BY (instrument, ts, source);

CREATE TABLE IF NOT EXISTS bars_1h_other AS bars_1h
ENGINE = ReplacingMergeTree(known_at) PARTITION BY toYear(ts) ORDER BY (instrument, ts, source);

CREATE TABLE IF NOT EXISTS bars_1d_other AS bars_1d
ENGINE = ReplacingMergeTree(known_at) PARTITION BY tuple() ORDER BY (instrument, ts, source);
