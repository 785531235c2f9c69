-- The swap. Either both names have changed or none has.
BEGIN;
ALTER DATABASE :"live" RENAME TO :"away";
ALTER DATABASE :"from" RENAME TO :"live";
COMMIT;
