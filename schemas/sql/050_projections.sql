-- What the page asks over weeks is reckoned where the rows lie: each part of `events` carries its counts by hour, day and subject. Unlike a table that
-- is fed on the side, a projection is made anew whenever parts are merged, so that a row which came twice counts once as soon as FINAL finds nothing
-- to merge. A question over the same groups and functions reads it by itself (schemas/queries/rollups.ts); those with FINAL read the rows.
ALTER TABLE events MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild';

ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_hour
(
    SELECT
        toStartOfHour(time), provider, country, count(), countIf(outcome IN ('success', 'unknown')),
        countIf(outcome IN ('denied', 'unauthenticated')), uniq(subject_uid), max(time), max(ingested_at)
    GROUP BY toStartOfHour(time), provider, country
);

ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_day
(
    SELECT toDate(time), country, count(), countIf(outcome IN ('denied', 'unauthenticated')), uniq(subject_uid)
    GROUP BY toDate(time), country
);

-- Its states are small on purpose: where 100,000 keys are at work, a merge holds one of them for nearly every event that it reads. Names, which
-- need large ones, are in `sightings`.
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_subject_day
(
    SELECT
        subject_uid, toDate(time), count(), min(time), max(time), countIf(verb_class = 'read'), countIf(verb_class = 'write'),
        countIf(verb_class = 'admin'), countIf(verb_class = 'auth'), countIf(verb_class = 'unknown'),
        maxIf(time, verb_class IN ('write', 'admin')), countIf(outcome NOT IN ('success', 'unknown')),
        countIf(outcome IN ('denied', 'unauthenticated')), uniqState(src_net)
    GROUP BY subject_uid, toDate(time)
);

-- Parts that were there before get theirs behind the scenes; what is not made yet is read from the rows.
ALTER TABLE events MATERIALIZE PROJECTION by_hour;

ALTER TABLE events MATERIALIZE PROJECTION by_day;

ALTER TABLE events MATERIALIZE PROJECTION by_subject_day;
