-- Every normalised call, once. Identity is (principal, time, event_uid): a replayed row meets its twin here.
-- ORDER BY starts with the principal because people and profiles ask per key and its principal, over a span of time.
-- PARTITION by month of event time: old months leave as whole parts, and FINAL never has to look across them.
-- LowCardinality only where people group by it: building the dictionaries costs as much as writing the rest of the row.
-- TTL counts from ingestion: loading an old archive must not delete it in the next merge.
CREATE TABLE IF NOT EXISTS events
(
    event_uid String,
    provider LowCardinality(String),
    account Nullable(String),
    time DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    ingested_at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    seq UInt64 CODEC(Delta, LZ4),
    key_uid Nullable(String),
    key_hint Nullable(String),
    key_type String,
    subject_uid String,
    session_uid Nullable(String),
    session_kind String,
    principal_uid String,
    principal Nullable(String),
    principal_type String,
    operation LowCardinality(String),
    service LowCardinality(Nullable(String)),
    verb_class String,
    outcome String,
    error_code Nullable(String),
    status_code Nullable(Int32),
    src_kind String,
    src_ip Nullable(String),
    src_net Nullable(String),
    asn Nullable(UInt32),
    as_org Nullable(String),
    country Nullable(String),
    region_geo Nullable(String),
    city Nullable(String),
    lat Nullable(Float32),
    lon Nullable(Float32),
    hosting Nullable(Bool),
    vpc_endpoint Nullable(String),
    user_agent Nullable(String),
    user_agent_family Nullable(String),
    region Nullable(String),
    resources Array(String),
    environment Nullable(String),
    scopes Array(String),
    bytes_out Nullable(Float64),
    secrets Array(String),
    raw String,
    position String,
    INDEX by_seq seq TYPE minmax GRANULARITY 1,
    INDEX by_time time TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(time)
ORDER BY (principal_uid, time, event_uid);
