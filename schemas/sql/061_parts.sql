-- A block of an insert is a part of a few files, not of one or two for each of 40 columns: on a disk where much was deleted a moment ago, making a
-- file takes a third of a millisecond. What a merge makes larger than this (uncompressed) has a file for each column again, and is read by column.
ALTER TABLE events MODIFY SETTING min_bytes_for_wide_part = 104857600;
