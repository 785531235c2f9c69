-- The empty database :to as an archive has recorded the one that it holds: the line `database` of settings.sql in the file
-- BACKSTAY_RECORDED. It belongs to the owner of :live.
\set recorded `sed -n 's/^database	//p' "$BACKSTAY_RECORDED"`
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L CONNECTION LIMIT %s', :'to', pg_get_userbyid(datdba),
	pg_encoding_to_char((d->>'encoding')::int), d->>'datcollate', d->>'datctype', d->>'datconnlimit')
	|| CASE WHEN d->>'datlocprovider' = 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', COALESCE(d->>'daticulocale', d->>'datlocale')) ELSE '' END
FROM pg_database, LATERAL (SELECT :'recorded'::jsonb AS d) r WHERE datname = :'live' \gexec
