-- One log per partition of `keywatch.events`, and one called `events` where everything runs in one process.
ALTER TABLE profiles ADD COLUMN IF NOT EXISTS log String DEFAULT 'events';

-- Who took over which log, from which state. The generations between the state that was taken over (base) and the first of the new
-- owner (epoch) are those of an owner who was late: no reader believes them.
CREATE TABLE IF NOT EXISTS log_claims
(
    log String,
    epoch UInt64,
    base UInt64,
    owner String,
    claimed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(claimed_at)
ORDER BY (log, epoch);
