-- One row per log, written last: everything above detected_to can be done again with the same ids.
CREATE TABLE IF NOT EXISTS checkpoints
(
    log String,
    generation UInt64,
    stored_to UInt64,
    detected_to UInt64,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(generation)
ORDER BY log;

-- How far each source was read, by content: names and paths change, bytes do not.
CREATE TABLE IF NOT EXISTS source_progress
(
    source String,
    records UInt64,
    complete Bool,
    name String,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY source;

-- Records that could not be read, redacted. The uid is drawn from the content, so a replay writes the same row.
CREATE TABLE IF NOT EXISTS dead_letters
(
    uid String,
    provider LowCardinality(String),
    reason String,
    raw String,
    bytes UInt64,
    position String,
    ingested_at DateTime64(3, 'UTC'),
    status LowCardinality(String),
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY uid
TTL toDateTime(ingested_at) + INTERVAL 90 DAY;

-- Facts of the installation: the check value of the pepper, the retention in force.
CREATE TABLE IF NOT EXISTS meta
(
    name String,
    value String,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY name;

-- Every version of the inventory: an event is judged by the one of its time.
CREATE TABLE IF NOT EXISTS inventory_versions
(
    effective_at DateTime64(3, 'UTC'),
    checksum String,
    document String,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (effective_at, checksum);
