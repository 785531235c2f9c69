-- Roles other than this account that work on the live database now.
SELECT COALESCE(usename, usesysid::text) || ' (' || count(*) || ' sessions)' FROM pg_stat_activity
WHERE datname = :'live' AND usesysid IS NOT NULL AND usename IS DISTINCT FROM :'app' AND application_name <> :'session' GROUP BY usename, usesysid;
