-- Who signed in and who changed what, beside the log of the incidents, which keeps its own people (005_alert.sql).
-- ORDER BY starts with the actor for the shard on a cluster; the list by time reads it whole, and it stays small.
CREATE TABLE IF NOT EXISTS audit
(
    actor String,
    at DateTime64(3, 'UTC'),
    id String,
    via LowCardinality(String),
    action LowCardinality(String),
    target String,
    detail String,
    INDEX by_at at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (actor, at, id)
TTL toDateTime(at) + INTERVAL 400 DAY;
