-- Runs at every start, after the numbered files: what depends on where the store is and who asks it.
-- {database} and {credentials} are those of this store.

-- From the number of an instrument to its name on the wire, without a join.
CREATE OR REPLACE DICTIONARY instrument_names (id UInt64, instrument String)
PRIMARY KEY id
SOURCE(CLICKHOUSE({credentials} QUERY 'SELECT id, argMax(instrument, known_at) AS instrument FROM {database}.instruments GROUP BY id'))
LAYOUT(FLAT(MAX_ARRAY_SIZE 10000000))
LIFETIME(0);

-- And from its name to its number.
CREATE OR REPLACE DICTIONARY instrument_ids (instrument String, id UInt64)
PRIMARY KEY instrument
SOURCE(CLICKHOUSE({credentials} QUERY 'SELECT instrument, argMax(id, known_at) AS id FROM {database}.instruments GROUP BY instrument'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(0);
