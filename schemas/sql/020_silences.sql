-- What people asked to be quiet about, and until when. `version` is 1 when it is made and 2 when somebody ended it, so a
-- command that comes twice writes the same row twice.
CREATE TABLE IF NOT EXISTS silences
(
    uid String,
    version UInt32,
    matchers String,
    author String,
    reason String,
    starts_at DateTime64(3, 'UTC'),
    ends_at DateTime64(3, 'UTC'),
    created_at DateTime64(3, 'UTC'),
    expired_at Nullable(DateTime64(3, 'UTC')),
    expired_by Nullable(String)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY uid;

-- Why a message that was due did not leave: silenced, inhibited, muted, budget; then released, or withheld for good. Written
-- before it takes effect, so it is the record of what nobody was told, and the state to go on from after a kill. `step`
-- counts the changes of one message; `bundle` names the message in which it goes out together with others.
CREATE TABLE IF NOT EXISTS holds
(
    incident_uid String,
    receiver String,
    channel LowCardinality(String),
    n UInt32,
    step UInt32,
    at DateTime64(3, 'UTC'),
    kind LowCardinality(String),
    held_by String,
    note String,
    until DateTime64(3, 'UTC'),
    bundle String,
    stored_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (incident_uid, receiver, channel, n, step)
TTL stored_at + INTERVAL 400 DAY;
