-- Tables of another server are an error of their own: AP002 says that `adopt_cluster` is to be called.
CREATE OR REPLACE FUNCTION keep_view() RETURNS bigint LANGUAGE plpgsql
SET lock_timeout = '2s' AS $$
DECLARE
    named bigint;
BEGIN
    PERFORM FROM cluster, pg_control_system() WHERE identifier = system_identifier
    FOR SHARE OF cluster;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the tables are those of another server' USING ERRCODE = 'AP002';
    END IF;
    LOOP
        named := now_number();
        EXIT WHEN pg_try_advisory_xact_lock(named);
    END LOOP;
    INSERT INTO views VALUES (named, pg_current_snapshot());
    RETURN named;
END $$;

-- As of commits: nobody waits for long for a session that is stuck.
ALTER FUNCTION end_views() SET lock_timeout = '2s';

ALTER FUNCTION erase_patient(text, bigint, jsonb) SET lock_timeout = '2s';
