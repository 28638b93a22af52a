"""The statements of the archive in PostgreSQL."""

from __future__ import annotations

from .base import PIECE

# One hub writes at a time: it holds this lock as long as its connection lives, or, where several hubs write,
# for a transaction. A connection that is lost while it commits holds it until that is over, so whoever has
# the lock next sees how it ended.
_KEY = "1381259108, current_schema()::regnamespace::oid::int"
LOCK = f"SELECT pg_try_advisory_lock({_KEY})"
LOCK_FOR_NOW = f"SELECT pg_advisory_xact_lock({_KEY})"

TABLES = """
CREATE TABLE rtwidgets_meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE rtwidgets_channel (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    kind text NOT NULL,
    epoch text NOT NULL,
    top bigint NOT NULL,
    batch text NOT NULL,
    bytes bigint NOT NULL
);
CREATE TABLE rtwidgets_publication (
    channel bigint NOT NULL,
    "offset" bigint NOT NULL,
    time_ms bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (channel, "offset")
);
CREATE INDEX rtwidgets_publication_time ON rtwidgets_publication (channel, time_ms, "offset");
CREATE TABLE rtwidgets_item (
    channel bigint NOT NULL,
    key bytea NOT NULL,
    rank bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (channel, key)
);
CREATE INDEX rtwidgets_item_rank ON rtwidgets_item (channel, rank, key);
CREATE TABLE rtwidgets_producer (
    channel bigint NOT NULL,
    key bytea NOT NULL,
    seq bigint NOT NULL,
    time_ms bigint NOT NULL,
    PRIMARY KEY (channel, key)
);
CREATE INDEX rtwidgets_producer_time ON rtwidgets_producer (time_ms);
"""
HAS_TABLES = "SELECT to_regclass('rtwidgets_meta') IS NOT NULL"
VERSION = "SELECT value FROM rtwidgets_meta WHERE key = 'schema'"
SET_VERSION = "INSERT INTO rtwidgets_meta VALUES ('schema', $1)"
IDENTITY = "SELECT value FROM rtwidgets_meta WHERE key = 'id'"
SET_IDENTITY = "INSERT INTO rtwidgets_meta VALUES ('id', $1) ON CONFLICT DO NOTHING"

# writing ------------------------------------------------------------------------

KNOWN = "SELECT name, id, epoch, batch, top FROM rtwidgets_channel WHERE name = ANY($1::text[])"
COUNT = "SELECT count(*) FROM rtwidgets_channel"
ADD_CHANNELS = """
INSERT INTO rtwidgets_channel (name, kind, epoch, top, batch, bytes)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[])
RETURNING name, id
"""
MOVE_CHANNELS = """
UPDATE rtwidgets_channel AS c SET top = new.top, batch = new.batch, bytes = c.bytes + new.bytes
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[]) AS new (id, top, batch, bytes)
WHERE c.id = new.id
"""
ADD_PUBLICATIONS = """
INSERT INTO rtwidgets_publication (channel, "offset", time_ms, data)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])
"""
TELLING = """
SELECT "offset", data FROM rtwidgets_publication
WHERE channel = $1 AND "offset" >= $2 AND position($3::bytea in data) > 0
"""
CHANGE_PUBLICATIONS = """
UPDATE rtwidgets_publication AS p SET data = new.data
FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS new (channel, "offset", data)
WHERE p.channel = new.channel AND p."offset" = new."offset"
"""
# Which of some batches are there, by their last publication.
HAS = """
SELECT p.channel FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS last (channel, "offset", data)
JOIN rtwidgets_publication AS p ON p.channel = last.channel AND p."offset" = last."offset"
WHERE p.data = last.data
"""
PUT_ITEMS = """
INSERT INTO rtwidgets_item (channel, key, rank, data)
SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[])
ON CONFLICT (channel, key) DO UPDATE SET rank = excluded.rank, data = excluded.data
"""
PUT_MESSAGES = PUT_ITEMS + "WHERE rtwidgets_item.rank = excluded.rank"
REMOVE_ITEMS = """
DELETE FROM rtwidgets_item AS i
USING unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS gone (channel, key, rank)
WHERE i.channel = gone.channel AND i.key = gone.key AND i.rank = coalesce(gone.rank, i.rank)
"""
PUT_PRODUCERS = """
INSERT INTO rtwidgets_producer (channel, key, seq, time_ms)
SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[])
ON CONFLICT (channel, key) DO UPDATE SET seq = excluded.seq, time_ms = excluded.time_ms
"""
LAST_BATCH = "SELECT batch FROM rtwidgets_channel WHERE name = $1"
OLDEST = f"""
SELECT "offset", length(data) FROM rtwidgets_publication WHERE channel = $1 AND "offset" < $2
ORDER BY "offset" LIMIT {PIECE}
"""
REMOVE_PUBLICATIONS = 'DELETE FROM rtwidgets_publication WHERE channel = $1 AND "offset" <= $2'
REMOVE_OLD_ITEMS = "DELETE FROM rtwidgets_item WHERE channel = $1 AND rank <= $2"
SHRINK = "UPDATE rtwidgets_channel SET bytes = bytes - $2 WHERE id = $1"
TIDY = f"""
DELETE FROM rtwidgets_producer AS p USING (
    SELECT channel, key FROM rtwidgets_producer WHERE time_ms < $1 LIMIT {PIECE}
) AS old WHERE p.channel = old.channel AND p.key = old.key
"""
FORGET_PRODUCERS = "DELETE FROM rtwidgets_producer WHERE channel = $1"
FORGET = "DELETE FROM rtwidgets_channel WHERE id = $1"

# reading ------------------------------------------------------------------------

CHANNEL = "SELECT id, kind, epoch, batch, top FROM rtwidgets_channel WHERE name = $1"
ID = "SELECT id FROM rtwidgets_channel WHERE name = $1"
NEWEST = """
SELECT "offset", time_ms, data FROM rtwidgets_publication WHERE channel = $1
ORDER BY "offset" DESC LIMIT $2
"""
PRODUCERS = "SELECT key, seq FROM rtwidgets_producer WHERE channel = $1 ORDER BY time_ms DESC LIMIT $2"
FIRST_RANK = "SELECT rank FROM rtwidgets_item WHERE channel = $1 ORDER BY rank DESC LIMIT 1 OFFSET $2"
ITEMS = f"""
SELECT key, rank, data FROM rtwidgets_item WHERE channel = $1 AND (rank, key) {{behind}} ($2, $3)
ORDER BY rank, key LIMIT {PIECE}
"""
READ = """
SELECT data FROM rtwidgets_publication WHERE channel = $1 AND "offset" > $2 AND "offset" < $3
ORDER BY "offset" {order} LIMIT $4
"""
RANK = "SELECT rank FROM rtwidgets_item WHERE channel = $1 AND key = $2"
ITEMS_BEFORE = """
SELECT data FROM rtwidgets_item WHERE channel = $1 AND rank < $2 ORDER BY rank DESC LIMIT $3
"""
OFFSET_AT = """
SELECT "offset" FROM rtwidgets_publication WHERE channel = $1 AND time_ms >= $2
ORDER BY time_ms, "offset" LIMIT 1
"""
SURVEY = f"""
SELECT c.id, c.name, c.top, p."offset", p.time_ms, c.bytes,
    EXISTS (SELECT 1 FROM rtwidgets_item WHERE channel = c.id)
FROM (SELECT * FROM rtwidgets_channel WHERE id > $1 ORDER BY id LIMIT {PIECE}) AS c
LEFT JOIN LATERAL (
    SELECT "offset", time_ms FROM rtwidgets_publication WHERE channel = c.id ORDER BY "offset" LIMIT 1
) AS p ON true
ORDER BY c.id
"""
