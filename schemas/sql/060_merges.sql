-- A merge waits for about ten parts of a size. By itself the engine merges what little there is as soon as it is idle: rows of live pushes were
-- written five times within minutes, which took a fifth of all CPU. A month that got nothing for a day becomes one part all the same (030).
ALTER TABLE events MODIFY SETTING merge_selector_base = 10;

ALTER TABLE sightings MODIFY SETTING merge_selector_base = 10;

-- A part of 40 columns is written through two buffers of this size for each stream of a column; a block is seldom larger.
ALTER TABLE events MODIFY SETTING max_compress_block_size = 131072;
