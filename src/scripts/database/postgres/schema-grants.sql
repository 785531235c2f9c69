-- A query for others: who may do what with the schemas that stay, public and those that hold extensions.
SELECT nspname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee,
	format('GRANT %s ON SCHEMA %I TO %s%s;', privilege_type, nspname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS line
FROM pg_namespace n, aclexplode(COALESCE(nspacl, acldefault('n', nspowner)))
WHERE nspname = 'public' OR EXISTS (SELECT 1 FROM pg_extension WHERE extnamespace = n.oid)
