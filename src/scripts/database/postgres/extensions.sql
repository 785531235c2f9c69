-- Extensions with their versions, which a dump leaves to the server: as statements that make them, in the order in which they were made.
SELECT format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I VERSION %L;', extname, nspname, extversion)
FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname <> 'plpgsql' ORDER BY e.oid;
