# From SHOW CREATE TABLE, a line a table as the client's batch output has it, to statements that make the tables without their foreign
# keys, whose names count for a whole schema, or to those that add the keys. The parts are the server's own words.
#
# The first file says for each table, by its name as it stands in that output, its number. `what` is
#   tables   CREATE TABLE; with `prefix` the table is named PREFIX_NUMBER
#   keys     ALTER TABLE … ADD FOREIGN KEY
#   bare     the number, a tab and the definition without name and foreign keys, to be compared
BEGIN { FS = "\t" }
NR == FNR { number[$1] = $2; next }
!($1 in number) || $2 !~ /^CREATE / { next }
{
	text = substr($0, index($0, "\t") + 1)
	gsub(/\\\\/, "\001", text)
	lines = split(text, line, "\\\\n")
	name = line[1]
	sub(/^CREATE TABLE /, "", name)
	sub(/ \($/, "", name)
	body = keys = ""
	for (n = 2; n <= lines; n++) {
		if (line[n] ~ /^  CONSTRAINT `.*` FOREIGN KEY \(/) {
			sub(/^  /, "", line[n])
			sub(/,$/, "", line[n])
			keys = keys ", ADD " line[n]
			continue
		}
		if (line[n] ~ /^\)/) sub(/,$/, "", body)
		body = body "\n" line[n]
	}
	if (what == "keys" && keys == "") next
	if (what == "keys") statement = "ALTER TABLE " name " " substr(keys, 3) ";"
	else if (what == "bare") statement = body
	else statement = "CREATE TABLE " (prefix == "" ? name : "`" prefix "_" number[$1] "`") " (" body ";"
	if (what == "bare") gsub(/\n/, "\\n", statement)
	gsub(/\\t/, "\t", statement)
	gsub(/\001/, "\\", statement)
	print (what == "bare" ? number[$1] "\t" : "") statement
}
