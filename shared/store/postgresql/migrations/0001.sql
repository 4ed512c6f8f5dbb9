-- Keys are compared byte by byte (COLLATE "C"), as the other stores and Python compare them.
-- Instants are counts of microseconds since 1970, and so are versions: the server's clock at the
-- commit, and more than what they replace. (Whereabouts are not updated, but deleted and made anew.)
--
-- `since` and `until` are transactions. What was current at an earlier instant is found by the
-- snapshot that is kept in `views`: exactly what had been committed when that was taken.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- The server whose transactions `since` and `until` count, and the last that ended all views.
CREATE TABLE cluster (
    id integer PRIMARY KEY CHECK (id = 1), identifier bigint NOT NULL, views_ended xid8 NOT NULL
);

INSERT INTO cluster SELECT 1, system_identifier, pg_current_xact_id() FROM pg_control_system();

CREATE TABLE clinic (id integer PRIMARY KEY CHECK (id = 1), body jsonb NOT NULL);

CREATE TABLE doctors (id text COLLATE "C" PRIMARY KEY, body jsonb NOT NULL);

-- Who offers a service, where * stands for all of them.
CREATE TABLE offers (
    service_id text COLLATE "C",
    doctor_id text COLLATE "C" REFERENCES doctors ON DELETE CASCADE,
    PRIMARY KEY (service_id, doctor_id)
);

CREATE INDEX offers_by_doctor ON offers (doctor_id);

-- `derived` is computed from the entries. A day is written again and again: room for it on its page
-- spares the indexes.
CREATE TABLE doctor_days (
    doctor_id text COLLATE "C",
    day date,
    version bigint NOT NULL,
    schema integer NOT NULL,
    derived json,
    PRIMARY KEY (doctor_id, day)
) WITH (fillfactor = 70);

-- No two appointments of a doctor at once, whoever writes them: `booked` is the time that one holds,
-- maybe empty, and no appointment goes without. One that stands in two doctor-days is the same in
-- both. (JSON of PostgreSQL knows no NUL.)
CREATE TABLE entries (
    doctor_id text COLLATE "C",
    day date,
    id text COLLATE "C",
    since xid8 NOT NULL DEFAULT pg_current_xact_id(),
    booked int8range,
    body text NOT NULL,
    PRIMARY KEY (doctor_id, day, id),
    CONSTRAINT appointments_are_booked CHECK (
        booked IS NOT NULL
        OR replace(body, '\u0000', ' ')::json ->> 'kind' IS DISTINCT FROM 'appointment'
    ),
    CONSTRAINT never_booked_twice
        EXCLUDE USING gist (doctor_id WITH =, booked WITH &&, id WITH <>) WHERE (NOT isempty(booked))
);

CREATE TABLE past_entries (
    doctor_id text COLLATE "C",
    day date,
    id text COLLATE "C",
    until xid8,
    since xid8 NOT NULL,
    replaced_at bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (doctor_id, day, id, until)
);

CREATE INDEX past_entries_by_age ON past_entries (replaced_at);

-- `start` is that of an appointment that has ended, and NULL for a pointer.
CREATE TABLE elsewhere (
    doctor_id text COLLATE "C",
    id text COLLATE "C",
    version bigint NOT NULL,
    since xid8 NOT NULL DEFAULT pg_current_xact_id(),
    start bigint,
    body text NOT NULL,
    PRIMARY KEY (doctor_id, id)
);

CREATE INDEX ended ON elsewhere (doctor_id, start, id) WHERE start IS NOT NULL;

CREATE TABLE past_elsewhere (
    doctor_id text COLLATE "C",
    id text COLLATE "C",
    until xid8,
    since xid8 NOT NULL,
    replaced_at bigint NOT NULL,
    start bigint,
    body text NOT NULL,
    PRIMARY KEY (doctor_id, id, until)
);

CREATE INDEX past_elsewhere_by_age ON past_elsewhere (replaced_at);

CREATE TABLE patients (
    digits text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    since xid8 NOT NULL DEFAULT pg_current_xact_id(),
    body jsonb NOT NULL
);

-- It finds the erased accounts of which the rest need not be kept any more.
CREATE INDEX patients_by_rest ON patients ((body ->> 'kept_until') COLLATE "C")
    WHERE body ->> 'kept_until' IS NOT NULL;

CREATE TABLE past_patients (
    digits text COLLATE "C",
    until xid8,
    since xid8 NOT NULL,
    replaced_at bigint NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (digits, until)
);

CREATE INDEX past_patients_by_age ON past_patients (replaced_at);

CREATE TABLE patient_history (
    digits text COLLATE "C",
    month text COLLATE "C",
    id text COLLATE "C",
    start bigint NOT NULL,
    since xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (digits, month, id)
);

CREATE TABLE blocked (digits text COLLATE "C" PRIMARY KEY, body jsonb NOT NULL);

-- The expiry is the version, too: a later record of the same key always expires later.
CREATE TABLE records (
    key text COLLATE "C" PRIMARY KEY, expires_at bigint NOT NULL, body jsonb NOT NULL
);

CREATE INDEX records_by_expiry ON records (expires_at);

CREATE INDEX records_by_appointment ON records ((body ->> 'appointment_id'));

CREATE TABLE overrides (
    doctor_id text COLLATE "C",
    id text COLLATE "C",
    start bigint NOT NULL,
    version bigint NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (doctor_id, id)
);

CREATE INDEX overrides_by_start ON overrides (doctor_id, start, id);

CREATE TABLE series (id text COLLATE "C" PRIMARY KEY, body jsonb NOT NULL);

CREATE TABLE outbox (
    id text COLLATE "C" PRIMARY KEY,
    appointment_id text COLLATE "C" NOT NULL,
    due_at bigint,
    set_aside boolean NOT NULL,
    version bigint NOT NULL,
    body jsonb NOT NULL
);

CREATE INDEX outbox_by_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;

CREATE INDEX outbox_by_appointment ON outbox (appointment_id);

CREATE INDEX outbox_set_aside ON outbox (id) WHERE set_aside;

CREATE TABLE secrets (name text COLLATE "C" PRIMARY KEY, body jsonb NOT NULL);

CREATE TABLE calendar_links (doctor_id text COLLATE "C" PRIMARY KEY, body jsonb NOT NULL);

-- What was current at an instant whose view a caller may come back to, for an hour.
CREATE TABLE views (instant bigint PRIMARY KEY, seen pg_snapshot NOT NULL);

-- What was current in a view.
CREATE FUNCTION entries_in(shown pg_snapshot)
RETURNS TABLE (doctor_id text, day date, body text) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT doctor_id, day, body FROM entries WHERE pg_visible_in_snapshot(since, shown)
    UNION ALL
    SELECT doctor_id, day, body FROM past_entries
    WHERE pg_visible_in_snapshot(since, shown) AND NOT pg_visible_in_snapshot(until, shown);
END;

CREATE FUNCTION elsewhere_in(shown pg_snapshot)
RETURNS TABLE (doctor_id text, start bigint, id text, body text) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT doctor_id, start, id, body FROM elsewhere WHERE pg_visible_in_snapshot(since, shown)
    UNION ALL
    SELECT doctor_id, start, id, body FROM past_elsewhere
    WHERE pg_visible_in_snapshot(since, shown) AND NOT pg_visible_in_snapshot(until, shown);
END;

CREATE FUNCTION patients_in(shown pg_snapshot)
RETURNS TABLE (digits text, body jsonb) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT digits, body FROM patients WHERE pg_visible_in_snapshot(since, shown)
    UNION ALL
    SELECT digits, body FROM past_patients
    WHERE pg_visible_in_snapshot(since, shown) AND NOT pg_visible_in_snapshot(until, shown);
END;

CREATE FUNCTION now_number() RETURNS bigint LANGUAGE sql VOLATILE
RETURN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

-- Keep what this transaction sees, and return the instant that names it. Fails with 40001 if views
-- have ended since, or if this server counts other transactions than `since` and `until`.
CREATE FUNCTION keep_view() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    named bigint;
BEGIN
    PERFORM FROM cluster, pg_control_system() WHERE identifier = system_identifier
    FOR SHARE OF cluster;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the tables are those of another server' USING ERRCODE = '40001';
    END IF;
    INSERT INTO views VALUES (now_number(), pg_current_snapshot()) RETURNING instant INTO named;
    RETURN named;
END $$;

-- Let no view be read any more, nor kept, that does not show this transaction.
CREATE FUNCTION end_views() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE cluster SET views_ended = pg_current_xact_id();
    DELETE FROM views;
END $$;

-- Bring what counts transactions along if the data has been restored into another server.
CREATE FUNCTION adopt_cluster() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    here bigint := (SELECT system_identifier FROM pg_control_system());
BEGIN
    UPDATE cluster SET identifier = here, views_ended = pg_current_xact_id()
    WHERE identifier <> here;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM views;
    TRUNCATE past_entries, past_elsewhere, past_patients;
    UPDATE entries SET since = '3';
    UPDATE elsewhere SET since = '3';
    UPDATE patients SET since = '3';
    UPDATE patient_history SET since = '3';
    RETURN true;
END $$;

-- RFC 7396, so that fields which a newer version wrote are kept.
CREATE FUNCTION merged(target jsonb, patch jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    result jsonb := CASE jsonb_typeof(target) WHEN 'object' THEN target ELSE '{}' END;
    member record;
BEGIN
    FOR member IN SELECT key, value FROM jsonb_each(patch) LOOP
        IF jsonb_typeof(member.value) = 'null' THEN
            result := result - member.key;
        ELSIF jsonb_typeof(member.value) = 'object' THEN
            result := result || jsonb_build_object(
                member.key, merged(result -> member.key, member.value)
            );
        ELSE
            result := result || jsonb_build_object(member.key, member.value);
        END IF;
    END LOOP;
    RETURN result;
END $$;

-- The error that says that a document is not as it was read.
CREATE FUNCTION conflict() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a document is not as it was read' USING ERRCODE = 'AP001';
END $$;

-- Write all or nothing, if each document still has the version that was read; return the versions
-- of the written events, patients and days.
--
-- Each statement waits for whoever writes the same row, and then finds its version changed. Each
-- kind comes in order of its keys and the kinds in that of this function, so that no two commits
-- wait for each other. Two rounds, whose commits are of one day each and come in order of these days,
-- do so only over what else they write, such as patients: the server ends one of them as a deadlock.
-- NULL and an empty list stand for none of a kind.
CREATE FUNCTION commit_documents(
    records jsonb, whereabouts jsonb, overriding jsonb, series_made jsonb, events jsonb,
    schedules jsonb, days jsonb
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    now bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    me xid8 := pg_current_xact_id();
    written bigint;
    versions bigint[] := '{}';
    each record;
BEGIN
    -- What is acknowledged survives a loss of power, whatever the server's default is.
    IF current_setting('synchronous_commit') IN ('off', 'local', 'remote_write') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;

    IF records <> '[]' THEN
        FOR each IN
            SELECT * FROM jsonb_to_recordset(records)
            AS (key text, expires_at bigint, body jsonb, read bigint)
        LOOP
            IF each.read IS NULL THEN
                INSERT INTO records VALUES (each.key, each.expires_at, each.body)
                ON CONFLICT DO NOTHING;
            ELSE
                UPDATE records r SET expires_at = each.expires_at, body = each.body
                WHERE r.key = each.key AND r.expires_at = each.read;
            END IF;
            IF NOT FOUND THEN PERFORM conflict(); END IF;
        END LOOP;
    END IF;

    IF whereabouts <> '[]' THEN
        FOR each IN
            SELECT * FROM jsonb_to_recordset(whereabouts)
            AS (doctor_id text, id text, start bigint, body text, read bigint)
        LOOP
            IF each.read IS NOT NULL THEN
                WITH taken AS (
                    DELETE FROM elsewhere e
                    WHERE e.doctor_id = each.doctor_id AND e.id = each.id AND e.version = each.read
                    RETURNING e.*
                )
                INSERT INTO past_elsewhere
                SELECT doctor_id, id, me, since, now, start, body FROM taken;
                IF NOT FOUND THEN PERFORM conflict(); END IF;
            END IF;
            IF each.body IS NOT NULL THEN
                INSERT INTO elsewhere VALUES (each.doctor_id, each.id, now, me, each.start, each.body)
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN PERFORM conflict(); END IF;
            END IF;
        END LOOP;
    END IF;

    IF overriding <> '[]' THEN
        FOR each IN
            SELECT * FROM jsonb_to_recordset(overriding)
            AS (doctor_id text, id text, start bigint, body jsonb, read bigint)
        LOOP
            IF each.body IS NULL THEN
                DELETE FROM overrides o
                WHERE o.doctor_id = each.doctor_id AND o.id = each.id AND o.version = each.read;
            ELSIF each.read IS NULL THEN
                INSERT INTO overrides
                VALUES (each.doctor_id, each.id, each.start, now, merged('{}', each.body))
                ON CONFLICT DO NOTHING;
            ELSE
                UPDATE overrides o SET
                    version = greatest(o.version + 1, now), start = each.start,
                    body = merged(o.body, each.body)
                WHERE o.doctor_id = each.doctor_id AND o.id = each.id AND o.version = each.read;
            END IF;
            IF NOT FOUND THEN PERFORM conflict(); END IF;
        END LOOP;
    END IF;

    IF series_made <> '[]' THEN
        FOR each IN SELECT * FROM jsonb_to_recordset(series_made) AS (id text, body jsonb) LOOP
            INSERT INTO series VALUES (each.id, each.body) ON CONFLICT DO NOTHING;
            IF NOT FOUND THEN PERFORM conflict(); END IF;
        END LOOP;
    END IF;

    -- Of an event that is there, only what came of its delivery changes, as a whole.
    IF events <> '[]' THEN
        FOR each IN
            SELECT * FROM jsonb_to_recordset(events) AS (
                id text, appointment_id text, due_at bigint, set_aside boolean, body jsonb, read bigint
            )
        LOOP
            written := now;
            IF each.body IS NULL THEN
                DELETE FROM outbox o WHERE o.id = each.id AND o.version = each.read;
            ELSIF each.read IS NULL THEN
                INSERT INTO outbox VALUES (
                    each.id, each.appointment_id, each.due_at, each.set_aside, now,
                    merged('{}', each.body)
                )
                ON CONFLICT DO NOTHING;
            ELSE
                UPDATE outbox o SET
                    version = greatest(o.version + 1, now), due_at = each.due_at,
                    set_aside = each.set_aside, body = merged(o.body - 'deliveries', each.body)
                WHERE o.id = each.id AND o.version = each.read
                RETURNING version INTO written;
            END IF;
            IF NOT FOUND THEN PERFORM conflict(); END IF;
            versions := versions || written;
        END LOOP;
    END IF;

    IF schedules <> '[]' THEN
        FOR each IN
            SELECT * FROM jsonb_to_recordset(schedules)
            AS (digits text, changes jsonb, read bigint, put jsonb, forgotten jsonb)
        LOOP
            written := now;
            IF each.read IS NULL THEN
                INSERT INTO patients VALUES (each.digits, now, me, merged('{}', each.changes))
                ON CONFLICT DO NOTHING;
            ELSE
                INSERT INTO past_patients SELECT p.digits, me, p.since, now, p.body
                FROM patients p WHERE p.digits = each.digits AND p.version = each.read;
                UPDATE patients p SET
                    version = greatest(p.version + 1, now), since = me,
                    body = merged(p.body, each.changes)
                WHERE p.digits = each.digits AND p.version = each.read
                RETURNING version INTO written;
            END IF;
            IF NOT FOUND THEN PERFORM conflict(); END IF;
            versions := versions || written;
            INSERT INTO patient_history SELECT each.digits, month, id, start, me
            FROM jsonb_to_recordset(each.put) AS (month text, id text, start bigint)
            ON CONFLICT (digits, month, id) DO UPDATE SET start = excluded.start;
            DELETE FROM patient_history h
            USING jsonb_to_recordset(each.forgotten) AS f (month text, id text)
            WHERE h.digits = each.digits AND h.month = f.month AND h.id = f.id;
        END LOOP;
    END IF;

    FOR each IN
        SELECT * FROM jsonb_to_recordset(days) AS (
            doctor_id text, day date, schema integer, derived text, read bigint, gone text[]
        )
    LOOP
        written := now;
        IF each.read IS NULL THEN
            INSERT INTO doctor_days
            VALUES (each.doctor_id, each.day, now, each.schema, each.derived::json)
            ON CONFLICT DO NOTHING;
        ELSE
            UPDATE doctor_days d SET
                version = greatest(d.version + 1, now), schema = each.schema,
                derived = each.derived::json
            WHERE d.doctor_id = each.doctor_id AND d.day = each.day AND d.version = each.read
            RETURNING version INTO written;
        END IF;
        IF NOT FOUND THEN PERFORM conflict(); END IF;
        versions := versions || written;
        IF each.gone <> '{}' THEN
            WITH taken AS (
                DELETE FROM entries e
                WHERE e.doctor_id = each.doctor_id AND e.day = each.day AND e.id = ANY (each.gone)
                RETURNING e.*
            )
            INSERT INTO past_entries
            SELECT doctor_id, day, id, me, since, now, body FROM taken;
        END IF;
    END LOOP;

    -- Once all that leaves a day has left it: a time may pass from one appointment to another.
    INSERT INTO entries
    SELECT d.doctor_id, d.day, p.id, me,
        CASE WHEN p.first IS NOT NULL THEN int8range(p.first, p.last) END, p.body
    FROM jsonb_to_recordset(days) AS d (doctor_id text, day date, put jsonb),
        jsonb_to_recordset(d.put) AS p (id text, first bigint, last bigint, body text);

    RETURN versions;
END $$;

-- Make several commits in one transaction, each of which is written or not by itself; return for
-- each its versions, or why it was not written.
CREATE FUNCTION commit_round(commits jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    each jsonb;
    results jsonb := '[]';
BEGIN
    FOR each IN SELECT * FROM jsonb_array_elements(commits) LOOP
        BEGIN
            results := results || jsonb_build_array(commit_documents(
                each -> 0, each -> 1, each -> 2, each -> 3, each -> 4, each -> 5, each -> 6
            ));
        EXCEPTION WHEN OTHERS THEN
            results := results || jsonb_build_object('code', SQLSTATE, 'message', SQLERRM);
        END;
    END LOOP;
    RETURN results;
END $$;

-- Erase an account but for `rest`, and return how many rows that were. Views of earlier instants
-- show the schedule until they are ended.
CREATE FUNCTION erase_patient(account text, read bigint, rest jsonb) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    now bigint := now_number();
    erased integer;
BEGIN
    IF read IS NOT NULL THEN
        WITH gone AS (
            DELETE FROM patients WHERE digits = account AND version = read RETURNING *
        )
        INSERT INTO past_patients SELECT digits, pg_current_xact_id(), since, now, body FROM gone;
        IF NOT FOUND THEN PERFORM conflict(); END IF;
    ELSIF EXISTS (SELECT FROM patients WHERE digits = account) THEN
        PERFORM conflict();
    END IF;
    DELETE FROM patient_history WHERE digits = account;
    GET DIAGNOSTICS erased = ROW_COUNT;
    IF rest IS NOT NULL THEN
        INSERT INTO patients (digits, version, body) VALUES (account, greatest(now, read + 1), rest)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN PERFORM conflict(); END IF;
    END IF;
    RETURN erased + 1;
END $$;
