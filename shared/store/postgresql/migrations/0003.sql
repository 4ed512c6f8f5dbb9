-- Tables of another server are an error of their own: AP002 says that `adopt_cluster` is to be called.
CREATE OR REPLACE FUNCTION keep_view() RETURNS bigint LANGUAGE plpgsql AS $$
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
