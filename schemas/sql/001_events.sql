-- Every normalised call, once. Identity is (principal, time, event_uid): a replayed row meets its twin here.
-- ORDER BY starts with the principal because people and profiles ask per key and its principal, over a span of time.
-- PARTITION by month of event time: old months leave as whole parts, and FINAL never has to look across them.
-- TTL counts from ingestion: loading an old archive must not delete it in the next merge.
CREATE TABLE IF NOT EXISTS events
(
    event_uid String,
    provider LowCardinality(String),
    account LowCardinality(Nullable(String)),
    time DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    seq UInt64 CODEC(Delta, LZ4),
    key_uid LowCardinality(Nullable(String)),
    key_hint LowCardinality(Nullable(String)),
    key_type LowCardinality(String),
    subject_uid LowCardinality(String),
    session_uid Nullable(String),
    session_kind LowCardinality(String),
    principal_uid LowCardinality(String),
    principal LowCardinality(Nullable(String)),
    principal_type LowCardinality(String),
    operation LowCardinality(String),
    service LowCardinality(Nullable(String)),
    verb_class LowCardinality(String),
    outcome LowCardinality(String),
    error_code LowCardinality(Nullable(String)),
    status_code Nullable(Int32),
    src_kind LowCardinality(String),
    src_ip LowCardinality(Nullable(String)),
    src_net LowCardinality(Nullable(String)),
    asn Nullable(UInt32),
    as_org LowCardinality(Nullable(String)),
    country LowCardinality(Nullable(String)),
    region_geo LowCardinality(Nullable(String)),
    city LowCardinality(Nullable(String)),
    lat Nullable(Float32),
    lon Nullable(Float32),
    hosting Nullable(Bool),
    vpc_endpoint LowCardinality(Nullable(String)),
    user_agent LowCardinality(Nullable(String)),
    user_agent_family LowCardinality(Nullable(String)),
    region LowCardinality(Nullable(String)),
    resources Array(String),
    environment LowCardinality(Nullable(String)),
    scopes Array(LowCardinality(String)),
    bytes_out Nullable(Float64),
    secrets Array(LowCardinality(String)),
    raw String,
    position String,
    INDEX by_seq seq TYPE minmax GRANULARITY 1,
    INDEX by_uid event_uid TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_time time TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(time)
ORDER BY (principal_uid, time, event_uid);
