-- `bundle` names the message in which several incidents are told together: a group's flush, or a digest. `auto` is 1 where
-- keywatch speaks of its own accord; what people did is never held back.
ALTER TABLE messages ADD COLUMN IF NOT EXISTS bundle String DEFAULT '';

ALTER TABLE messages ADD COLUMN IF NOT EXISTS auto UInt8 DEFAULT 1;

-- `counted` is 1 for what uses up a channel's budget of the day.
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS bundle String DEFAULT '';

ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS counted UInt8 DEFAULT 0;
