-- Who waits for a row longer than others need it waits for a session that is stuck. Else the server
-- would keep each such call waiting, with its connection, long after its caller has given up.
ALTER FUNCTION commit_documents(jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb)
    SET lock_timeout = '2s';

-- Two views of one microsecond get two names: who is second takes a later one.
CREATE OR REPLACE FUNCTION keep_view() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    named bigint;
BEGIN
    PERFORM FROM cluster, pg_control_system() WHERE identifier = system_identifier
    FOR SHARE OF cluster;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the tables are those of another server' USING ERRCODE = '40001';
    END IF;
    LOOP
        named := now_number();
        EXIT WHEN pg_try_advisory_xact_lock(named);
    END LOOP;
    INSERT INTO views VALUES (named, pg_current_snapshot());
    RETURN named;
END $$;
