-- A database :to like :from, or like :template where that is given, with the owner of :from.
\if :{?template}
\else
	\set template :from
\endif
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE %I ALLOW_CONNECTIONS false CONNECTION LIMIT %s %s', :'to', pg_get_userbyid(datdba), :'template', datconnlimit,
	CASE WHEN current_setting('server_version_num')::int >= 150000 THEN 'STRATEGY file_copy' END)
FROM pg_database WHERE datname = :'from' \gexec
