# From SHOW CREATE TABLE, a line a table as the client's batch output has it, to what LIKE has left out: foreign keys. An index that
# an earlier foreign key had made by itself would be replaced by that of the new one, at the end of the list; so in a table with
# foreign keys every index is named again, in its order. All parts are the server's own words.
{
	text = $0
	gsub(/\\\\/, "\001", text)
	sub(/^[^\t]*\tCREATE TABLE /, "", text)
	lines = split(text, line, "\\\\n")
	name = line[1]
	sub(/ \($/, "", name)
	dropped = added = keys = ""
	for (n = 2; n <= lines; n++) {
		part = line[n]
		sub(/^  /, "", part)
		sub(/,$/, "", part)
		if (part ~ /^((UNIQUE|FULLTEXT|SPATIAL) )?KEY `/) {
			index_name = substr(part, index(part, "`"))
			# to the closing quote: a doubled one is part of the name
			end = 2
			while (end <= length(index_name)) {
				if (substr(index_name, end, 2) == "``") { end += 2; continue }
				if (substr(index_name, end, 1) == "`") break
				end++
			}
			dropped = dropped ", DROP INDEX " substr(index_name, 1, end)
			added = added ", ADD " part
		} else if (part ~ /^CONSTRAINT `.*` FOREIGN KEY \(/) {
			keys = keys ", ADD " part
		}
	}
	if (keys == "") next
	statement = "ALTER TABLE " name " " substr(dropped added keys, 3) ";"
	gsub(/\001/, "\\", statement)
	print statement
}
