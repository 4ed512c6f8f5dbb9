-- Once a commit of a round has waited in vain for a row, the rest of the round is not tried: it would
-- wait for that row's session, too. Their answer has the same code, so that their callers try again.
CREATE OR REPLACE FUNCTION commit_round(commits jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    each jsonb;
    results jsonb := '[]';
    locked boolean := false;
BEGIN
    FOR each IN SELECT * FROM jsonb_array_elements(commits) LOOP
        IF locked THEN
            results := results || jsonb_build_object('code', '55P03', 'message', 'not tried');
            CONTINUE;
        END IF;
        BEGIN
            results := results || jsonb_build_array(commit_documents(
                each -> 0, each -> 1, each -> 2, each -> 3, each -> 4, each -> 5, each -> 6
            ));
        EXCEPTION WHEN OTHERS THEN
            results := results || jsonb_build_object('code', SQLSTATE, 'message', SQLERRM);
            locked := SQLSTATE = '55P03';
        END;
    END LOOP;
    RETURN results;
END $$;
